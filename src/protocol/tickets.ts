/**
 * Tickets: a readable prefix and 48 bytes in base64url. 16 of them are a handle that names the login (another one for
 * each tier, so that one ticket does not lead to another); 32 are the secret.
 */
import { concatBytes, fromBase64url, toBase64url } from './bytes.ts'

/** The tiers, from the long-lived ticket of a device (A2) down to the ticket for a third party (OpenKey). */
export const tiers = {
  a2: { prefix: 'a2_' },
  skey: { prefix: 'sk_' },
  pskey: { prefix: 'ps_' },
  openkey: { prefix: 'ok_' },
} as const satisfies Record<string, { prefix: string }>

export type Tier = keyof typeof tiers

export const handleBytes = 16
const secretBytes = 32

export type ParsedTicket = { tier: Tier; handle: Uint8Array; secret: Uint8Array }

const byPrefix = new Map(Object.entries(tiers).map(([tier, row]) => [row.prefix as string, tier as Tier]))

/** @param handle 16 bytes. @param secret 32 bytes. */
export const formatTicket = (tier: Tier, handle: Uint8Array, secret: Uint8Array): string =>
  tiers[tier].prefix + toBase64url(concatBytes(handle, secret))

/** The parts of a ticket, or undefined for a text that cannot be one. */
export const parseTicket = (token: string): ParsedTicket | undefined => {
  const tier = byPrefix.get(token.slice(0, 3))
  if (!tier || token.length !== 67) return undefined
  const bytes = fromBase64url(token.slice(3))
  if (bytes?.length !== handleBytes + secretBytes) return undefined
  return { tier, handle: bytes.subarray(0, handleBytes), secret: bytes.subarray(handleBytes) }
}
