/**
 * The handle of a pSKey or an OpenKey. It names the login, as that of an SKey does, but hidden under a mask that the
 * ticket's own secret and a key of the server make: services that compare their tickets learn nothing of each other's
 * users. Unmasking is one hash, so that a check stays one trip.
 */
import { concatBytes, utf8 } from '../../protocol/bytes.ts'
import type { Primitives } from '../../protocol/primitives.ts'
import { formatTicket, handleBytes, type ParsedTicket } from '../../protocol/tickets.ts'
import type { PresentedTicket } from './skeys.ts'
import { isStoreTier, type StoreTier, tierRows } from './tiers.ts'

export type MasksNeeds = { crypto: Primitives; ticketKey: Uint8Array }

export const createMasks = ({ crypto, ticketKey }: MasksNeeds) => {
  const mask = (tier: StoreTier, handle: Uint8Array, secret: Uint8Array): Uint8Array => {
    if (!tierRows[tier].isMasked) return handle
    const pad = crypto.hmacSha256(ticketKey, concatBytes(utf8(`handle\0${tier}\0`), secret))
    return Uint8Array.from(handle, (byte, at) => byte ^ (pad[at] ?? 0)).subarray(0, handleBytes)
  }
  return {
    format: ({ tier, loginId, secret }: PresentedTicket): string =>
      formatTicket(tier, mask(tier, loginId, secret), secret),
    /** What to look for in the store; undefined for an A2. */
    open: ({ tier, handle, secret }: ParsedTicket): PresentedTicket | undefined =>
      isStoreTier(tier) ? { tier, loginId: mask(tier, handle, secret), secret } : undefined,
  }
}

export type Masks = ReturnType<typeof createMasks>
