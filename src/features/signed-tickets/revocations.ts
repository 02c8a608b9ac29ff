/** The list of what has ended of the JWTs that an app may check: short, since a JWT lives for minutes. */
import type { Clock } from '../../adapters/clock.ts'
import type { ServerCrypto } from '../../adapters/crypto.ts'
import type { Db } from '../../adapters/db/index.ts'
import type { CallerApp } from '../../http/caller.ts'
import { toBase64url, utf8 } from '../../protocol/bytes.ts'
import { ourApps, type SidOf } from './claims.ts'
import { findEndedOf, findEndedOfConsents, findRevoked } from './repo.ts'

export type RevocationsNeeds = {
  db: Db
  clock: Clock
  crypto: Pick<ServerCrypto, 'sha256'>
  sidOf: SidOf
  lifeSeconds: number
}

/** Logins, and consents, that a list has at most. */
const most = 2_000
/** How far the clocks of processes may be apart, plus the time from a row to its commit. */
const marginMs = 60_000
/** So many polls of one app are one query. */
const keptMs = 500

type Listed = { logins: string[]; consents: { sub: string; below: number }[]; notBefore?: number }
type Versioned = Listed & { version: string }
type Kept = { at: number; list: Promise<Versioned> }

/** The latest come first: what is beyond the bound ended before the last of these, and so was made before it. */
const boundOf = (rows: readonly { endedAt: number }[]): number =>
  rows.length < most ? 0 : Math.ceil(((rows.at(-1)?.endedAt ?? 0) + marginMs) / 1_000)

export const createRevocations = ({ db, clock, crypto, sidOf, lifeSeconds }: RevocationsNeeds) => {
  const kept = new Map<string, Kept>()

  const read = async ({ appId, isThirdParty, checks }: CallerApp): Promise<Versioned> => {
    const asked = { sinceMs: clock.now() - lifeSeconds * 1_000 - marginMs, most }
    const [ended, revoked] = await Promise.all([
      isThirdParty ? findEndedOfConsents(db.write, appId, asked) : findEndedOf(db.write, checks, asked),
      isThirdParty ? findRevoked(db.write, appId, asked) : [],
    ])
    const notBefore = Math.max(boundOf(ended), boundOf(revoked))
    const list: Listed = {
      logins: ended.map(({ loginId }) => sidOf(isThirdParty ? appId : ourApps, loginId)),
      consents: revoked.map(({ openId, epoch }) => ({ sub: openId, below: epoch })),
      ...(notBefore > 0 && { notBefore }),
    }
    const version = toBase64url(crypto.sha256(utf8(JSON.stringify(list))).subarray(0, 16))
    return { ...list, version }
  }

  const forgetOld = () => {
    for (const [appId, { at }] of kept) {
      if (clock.elapsed() - at < keptMs) return
      kept.delete(appId)
    }
  }

  /** The apps with a secret are few, and each is asked for at most twice a second. */
  return function list(app: CallerApp): Promise<Versioned> {
    forgetOld()
    const known = kept.get(app.appId)
    if (known) return known.list
    const entry: Kept = { at: clock.elapsed(), list: read(app) }
    kept.set(app.appId, entry)
    // A failure is not kept.
    entry.list.catch(() => kept.get(app.appId) === entry && kept.delete(app.appId))
    return entry.list
  }
}
