import ipaddr from 'ipaddr.js'

const privateRanges = new Set(['private', 'uniqueLocal', 'linkLocal', 'carrierGradeNat'])

/** The first `bits` bits of an address as canonical CIDR. */
export const networkOf = (text: string, bits: number): string => {
  const address = parse(text)
  const width = address.kind() === 'ipv4' ? 32 : 128
  const mask = Math.min(bits, width)
  const bytes = address
    .toByteArray()
    .map((byte, at) => byte & (0xff << Math.min(8, Math.max(0, 8 - (mask - at * 8)))))
  return `${ipaddr.fromByteArray(bytes).toString()}/${mask}`
}

/** Not `ipaddr.isValid`, which takes 10 for 0.0.0.10, and 010.0.0.1 for 8.0.0.1. */
const isAddress = (text: string) => ipaddr.IPv4.isValidFourPartDecimal(text) || ipaddr.IPv6.isValid(text)

/** IPv4-mapped and NAT64 addresses are the IPv4 address that they carry. */
const parse = (text: string): ipaddr.IPv4 | ipaddr.IPv6 => {
  const address = ipaddr.process(text)
  if (address.kind() === 'ipv6' && address.range() === 'rfc6052') {
    return ipaddr.fromByteArray(address.toByteArray().slice(12))
  }
  return address
}

/** An address of Azure's own services that lies among the public ones. The metadata of other clouds is in private ranges. */
const metadata = new Set(['168.63.129.16'])

/** Whether an address is one of the public internet: no machine of our own networks, and none of the cloud's own services. */
export const isPublicAddress = (text: string): boolean => {
  if (!isAddress(text)) return false
  const written = ipaddr.process(text)
  const bytes = written.toByteArray()
  // Only the well-known prefix of NAT64 says where the IPv4 address is; of IPv6, only 2000::/3 is given out.
  if (
    written.kind() === 'ipv6' &&
    written.range() === 'rfc6052' &&
    bytes.slice(4, 12).some((byte) => byte > 0)
  )
    return false
  const address = parse(text)
  const [first = 0] = address.toByteArray()
  const isGivenOut = address.kind() === 'ipv4' || first >> 5 === 1
  return isGivenOut && address.range() === 'unicast' && !metadata.has(address.toString())
}

const scopeOf = (range: string) => {
  if (range === 'loopback') return 'loopback' as const
  return privateRanges.has(range) ? ('private' as const) : ('public' as const)
}

/** The longest text of an address. */
const longest = 45
const mostKnown = 10_000

/** `describeAddress` with a memory: describing an address takes as long as opening an envelope. */
export const createDescribe = () => {
  const known = new Map<string, ReturnType<typeof describeAddress>>()
  return (text: string) => {
    const found = known.get(text)
    if (found) return found
    const described = describeAddress(text)
    if (known.size >= mostKnown) known.clear()
    if (described && text.length <= longest) known.set(text, described)
    return described
  }
}

/** What limits, bans and logs need to know of an address; undefined for a text that is none. */
export const describeAddress = (text: string) => {
  const bare = text.replace(/%.*$/, '')
  if (!isAddress(bare)) return undefined
  const address = parse(bare)
  const range = address.range()
  const isV4 = address.kind() === 'ipv4'
  const canonical = address.toString()
  return Object.freeze({
    text: canonical,
    family: isV4 ? ('ipv4' as const) : ('ipv6' as const),
    scope: scopeOf(range),
    limitNetwork: isV4 ? canonical : networkOf(canonical, 64),
    block: isV4 ? canonical : networkOf(canonical, 56),
    site: networkOf(canonical, isV4 ? 24 : 48),
    network: networkOf(canonical, isV4 ? 24 : 64),
  })
}

/** Whether an address lies in a network (as `parseNetwork` reads it). */
export const isWithin = (address: string, network: string): boolean => {
  const canonical = parseNetwork(network)
  const bits = Number(canonical?.split('/')[1])
  return (
    canonical !== undefined &&
    describeAddress(address) !== undefined &&
    networkOf(address, bits) === canonical
  )
}

/** `192.0.2.1`, `192.0.2.0/24`, `2001:db8::/64`: canonical CIDR. A lone IPv6 address stands for its /64. */
export const parseNetwork = (text: string): string | undefined => {
  const [address = '', bits, ...more] = text.split('/')
  if (!isAddress(address) || more.length > 0 || (bits !== undefined && !/^\d{1,3}$/.test(bits)))
    return undefined
  const width = parse(address).kind() === 'ipv4' ? 32 : 128
  const wanted = bits === undefined ? Math.min(width, 64) : Number(bits)
  return wanted > width ? undefined : networkOf(address, wanted)
}
