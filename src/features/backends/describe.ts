/** What a backend is told of a ticket. An OpenKey never shows who its user is to us. */
import type { ServerCrypto } from '../../adapters/crypto.ts'
import type { CallerTicket } from '../../http/caller.ts'
import { toBase64url, utf8 } from '../../protocol/bytes.ts'
import type { Failure } from '../../protocol/errors.ts'
import type { LiveVerdict, Verdict } from './verify.ts'
import type { VerifiedTicket } from './wire.ts'

export const seconds = (ms: number) => Math.floor(ms / 1_000)

const subjectOf = ({ tier, openId, userId, user }: CallerTicket) =>
  tier === 'openkey' ? { openId: openId ?? '' } : { user: { userId: String(userId), ...user } }

const describeLive = ({ ticket, told }: LiveVerdict, isAsking: boolean): VerifiedTicket => ({
  active: true,
  tier: ticket.tier,
  ...subjectOf(ticket),
  appid: ticket.appId,
  ...(ticket.business !== undefined && { business: ticket.business }),
  ...(ticket.scopes !== undefined && { scopes: [...ticket.scopes] }),
  issuedAt: seconds(ticket.issuedAt),
  expiresAt: seconds(ticket.expiresAt),
  idleAt: seconds(ticket.idleAt),
  ...(isAsking && { authenticatedAt: seconds(ticket.authenticatedAt) }),
  ...told,
})

/** The members of an answer that says what is missing, beside the code that says so. */
export const describeUnmet = ({ entry, options }: Failure): VerifiedTicket => ({
  active: false,
  reason: 'not-enough',
  needs: { code: entry.code, ...options.members },
})

export const describe = (verdict: Verdict, isAsking: boolean): VerifiedTicket => {
  if (verdict.state === 'live') return describeLive(verdict, isAsking)
  if (verdict.state === 'unmet') return describeUnmet(verdict.failure)
  return { active: false, reason: verdict.reason }
}

/** How long a good answer may be used again, and what it says in short. Nothing of a refusal is kept. */
export const createCacheHeaders =
  (crypto: Pick<ServerCrypto, 'sha256'>, maxAgeSeconds: number) =>
  (verdicts: readonly Verdict[]): Record<string, string> => {
    if (maxAgeSeconds === 0 || verdicts.some(({ state }) => state !== 'live')) return {}
    const cacheControl = `private, max-age=${maxAgeSeconds}`
    // Of many tickets a tag would hardly ever be the same again.
    if (verdicts.length !== 1) return { 'cache-control': cacheControl }
    // Each use moves the idle end: what else is said stays the same as long as the ticket.
    const said = verdicts.map((verdict) => ({ ...describe(verdict, true), idleAt: undefined }))
    const tag = toBase64url(crypto.sha256(utf8(JSON.stringify(said)))).slice(0, 22)
    return { 'cache-control': cacheControl, etag: `W/"${tag}"` }
  }
