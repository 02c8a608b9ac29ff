import type { AppCaller, CallerKey } from '../../http/caller.ts'

export type Redirect = {
  /** CIDR ranges and country codes. */
  from: readonly string[]
  to: string
}

/** Where callers belong, by their address or by the country that they named in their hello; the first row counts. */
export const createFindRedirect =
  ({
    redirects,
    isWithin,
  }: {
    redirects: readonly Redirect[]
    isWithin(address: string, network: string): boolean
  }) =>
  ({ address, device }: AppCaller, { countryCode }: CallerKey): string | undefined => {
    const country = (countryCode || device?.countryCode || '').toUpperCase()
    const isFrom = (from: string) =>
      /^[A-Za-z]{2}$/.test(from) ? from.toUpperCase() === country : isWithin(address.text, from)
    return redirects.find(({ from }) => from.some(isFrom))?.to
  }
