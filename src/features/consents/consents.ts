/** The whole rule of a consent: what a user agrees to for a third-party app, and how that is taken back. */
import type { Clock } from '../../adapters/clock.ts'
import type { ServerCrypto } from '../../adapters/crypto.ts'
import type { Db } from '../../adapters/db/index.ts'
import type { TicketCaller } from '../../http/caller.ts'
import { toBase64url, utf8 } from '../../protocol/bytes.ts'
import { Failure } from '../../protocol/errors.ts'
import type { Apps } from '../apps/api.ts'
import type { RecordAudit } from '../audit/api.ts'
import type { RecordChange } from '../change-log/api.ts'
import type { Tickets } from '../tickets/api.ts'
import { findConsentGate, findConsentsOf, lockConsent, revokeConsent, setScopes, subjectOf } from './repo.ts'
import { always, joinScopes, readScopes } from './scopes.ts'
import type { ConsentRow } from './tables.ts'

export type ConsentsNeeds = {
  db: Db
  clock: Clock
  crypto: ServerCrypto
  /** Never rotated: an OpenID is for good. */
  openIdKey: Uint8Array
  apps: Pick<Apps, 'findThirdParty' | 'findName'>
  tickets: Pick<Tickets, 'closeConsent'>
  recordAudit: RecordAudit
  recordChange: RecordChange
}

const openIdBytes = 21

export const createConsents = (needs: ConsentsNeeds) => {
  const { db, clock, crypto, apps, tickets, recordAudit, recordChange } = needs

  /** The same for ever for a user and an app; two of them tell nothing of each other, or of the user's number. */
  const openIdOf = (userId: number, appId: string): string =>
    toBase64url(crypto.hmacSha256(needs.openIdKey, utf8(`${appId} ${userId}`)).subarray(0, openIdBytes))

  const describe = async ({ appId, scopes, grantedAt }: ConsentRow) => ({
    app: appId,
    name: (await apps.findName(appId)) ?? '',
    scopes: readScopes(scopes),
    grantedAt: Math.floor(grantedAt / 1_000),
  })

  const grant = async ({ ticket }: TicketCaller, appId: string, asked: readonly string[]) => {
    const app = await apps.findThirdParty(appId)
    if (!app) throw new Failure('NOT_IN_LIST', { info: 'grantTo' })
    const known = [always, ...app.scopes]
    if (!asked.every((scope) => known.includes(scope))) {
      throw new Failure('NOT_IN_LIST', { info: `scopes: ${known.join(', ')}` })
    }
    const { userId } = ticket
    const openId = openIdOf(userId, appId)
    const row = await db.transaction(async (trx) => {
      const before = await lockConsent(trx, { userId, appId, openId, grantedAt: clock.now() })
      // What the app may no longer ask for is left behind.
      const kept = readScopes(before.scopes).filter((scope) => known.includes(scope))
      const scopes = joinScopes([...kept, ...asked])
      await setScopes(trx, before, scopes)
      await recordAudit(trx, { kind: 'consent.granted', userId, appId, detail: { scopes } })
      return { ...before, scopes }
    })
    return describe(row)
  }

  /** Brings the gate of the OpenKeys in the store up to the row. */
  const close = async (subject: string): Promise<void> => {
    const gate = await findConsentGate(db.write, subject)
    if (gate) await tickets.closeConsent(gate)
  }

  /** In every process final when it returns: the row first, then the gate that every use of an OpenKey reads. */
  const revoke = async ({ ticket: { userId } }: TicketCaller, appId: string): Promise<void> => {
    await db.transaction(async (trx) => {
      if (!(await revokeConsent(trx, { userId, appId, revokedAt: clock.now() }))) return
      await recordAudit(trx, { kind: 'consent.revoked', userId, appId })
      // So that every process closes the gate, should the store be away now.
      await recordChange(trx, 'consent', subjectOf(userId, appId))
    })
    await close(subjectOf(userId, appId))
  }

  return {
    list: async ({ ticket }: TicketCaller) =>
      Promise.all((await findConsentsOf(db.write, ticket.userId)).map(describe)),
    grant,
    revoke,
    /** Called in every process, harmless if repeated. */
    applyChange: close,
  }
}
