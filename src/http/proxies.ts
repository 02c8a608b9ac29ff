/** The proxies that are trusted, and what they say of a caller. */
import ipaddr from 'ipaddr.js'

/** `203.0.113.9:51234` and `[2001:db8::1]:443` without their port; any other text as it is. */
export const stripPort = (text: string): string =>
  /^(\d+\.\d+\.\d+\.\d+):\d{1,5}$/.exec(text)?.[1] ??
  /^\[([0-9a-f:.]+)\](?::\d{1,5})?$/i.exec(text)?.[1] ??
  text

const parse = (text: string) => (ipaddr.isValid(text) ? ipaddr.process(text) : undefined)

/** Whether an address lies in one of the ranges; a range without bits is one address. */
export const createIsProxy = (ranges: readonly string[]): ((address: string) => boolean) => {
  const parsed = ranges
    .map((range) => (range.includes('/') ? range : `${range}/${range.includes(':') ? 128 : 32}`))
    .filter((range) => ipaddr.isValidCIDR(range))
    .map((range) => ipaddr.parseCIDR(range))
  return (text) => {
    const address = parse(stripPort(text))
    if (!address) return false
    return parsed.some(([range, bits]) => range.kind() === address.kind() && address.match([range, bits]))
  }
}
