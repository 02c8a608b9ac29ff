/** The A2 of a login: what it looks like, and what presenting one means. */
import type { ServerCrypto } from '../../adapters/crypto.ts'
import { concatBytes, utf8 } from '../../protocol/bytes.ts'
import { formatTicket, type ParsedTicket } from '../../protocol/tickets.ts'
import type { LoginWithAccount } from './repo.ts'
import type { EndReason } from './skeys.ts'

export type Pair = { a2: string; skey: string; a2Secret: Uint8Array; skeySecret: Uint8Array }

/**
 * Both tickets of a step of the chain, the same for whoever computes them: `HMAC(ticketKey, tier ‖ login ‖ counter ‖
 * nonce ‖ presented A2)`. So a retry gets the pair that its first try got, from any process.
 */
export const createPairs =
  ({ crypto, ticketKey }: { crypto: ServerCrypto; ticketKey: Uint8Array }) =>
  (
    login: { loginId: Uint8Array; a2Handle: Uint8Array },
    counter: number,
    nonce: Uint8Array,
    presented: Uint8Array,
  ): Pair => {
    const secret = (tier: string) =>
      crypto.hmacSha256(
        ticketKey,
        concatBytes(utf8(`${tier}\0${counter}\0`), login.loginId, nonce, presented),
      )
    const [a2Secret, skeySecret] = [secret('a2'), secret('skey')]
    return {
      a2: formatTicket('a2', login.a2Handle, a2Secret),
      skey: formatTicket('skey', login.loginId, skeySecret),
      a2Secret,
      skeySecret,
    }
  }

export type A2Verdict = 'current' | 'retry' | EndReason

/** What it means that this A2 is presented now. `reused`: somebody holds a copy, so the login has to end. */
export const judgeA2 = (
  login: LoginWithAccount,
  presented: ParsedTicket,
  { crypto, nowMs, retryMs }: { crypto: ServerCrypto; nowMs: number; retryMs: number },
): A2Verdict => {
  if (login.endedAt !== null) return login.endReason as EndReason
  if (login.status !== 'active') return login.status
  if (login.epoch < login.accountEpoch) return 'logged-out'
  if (login.expiresAt <= nowMs) return 'expired'
  const hash = crypto.sha256(presented.secret)
  if (crypto.isEqual(hash, login.a2Hash)) return 'current'
  const isPrevious = login.a2PreviousHash !== null && crypto.isEqual(hash, login.a2PreviousHash)
  const isFresh = nowMs - login.a2RotatedAt <= retryMs
  return isPrevious && (isFresh || login.a2Confirmed < login.a2Counter) ? 'retry' : 'reused'
}
