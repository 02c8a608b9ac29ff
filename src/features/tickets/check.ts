import type { CreateBatch } from '../../adapters/batch.ts'
import type { Clock } from '../../adapters/clock.ts'
import type { ServerCrypto } from '../../adapters/crypto.ts'
import type { Db } from '../../adapters/db/index.ts'
import type { Caller, CallerTicket } from '../../http/caller.ts'
import { fromHex, toHex } from '../../protocol/bytes.ts'
import { Failure } from '../../protocol/errors.ts'
import { type ParsedTicket, parseTicket, type Tier } from '../../protocol/tickets.ts'
import type { RecordAudit } from '../audit/audit.ts'
import { judgeA2 } from './a2.ts'
import { confirmA2, endLogin, findLoginByHandle, getUserNames, type LoginWithAccount } from './repo.ts'
import type { EndReason, SKeyRecord, SKeys } from './skeys.ts'

export type CheckNeeds = {
  db: Db
  clock: Clock
  crypto: ServerCrypto
  skeys: SKeys
  recordAudit: RecordAudit
  lives: { skeyIdleSeconds: number; retrySeconds: number }
  replicaLagBudgetMs: number
  createBatch: CreateBatch
}

const mostConfirmed = 50_000

/** A login that was made or resumed sealed is worth nothing to whoever can only call in a weaker envelope. */
export const checkStrength = ({ minStrength }: { minStrength: number }, { strength }: Caller): void => {
  if (minStrength > strength) {
    throw new Failure('ENCRYPTION_REQUIRED', { info: 'This login was made in a sealed envelope.' })
  }
}

export type TicketState =
  | { state: 'unknown' }
  | { state: 'ended'; reason: EndReason }
  | { state: 'live'; ticket: CallerTicket }

/** Judges presented tickets: an SKey by the store in one trip, an A2 by its row on the primary. */
export const createChecks = (needs: CheckNeeds) => {
  const { db, clock, crypto, skeys, lives, recordAudit } = needs
  const retryMs = lives.retrySeconds * 1_000
  // First uses of SKeys, written in batches: the store knows them at once, the row within seconds.
  const confirmed = needs.createBatch<number>({
    most: mostConfirmed,
    write: (entries) =>
      db.transaction(async (trx) => {
        for (const [id, counter] of entries) await confirmA2(trx, Buffer.from(fromHex(id) ?? []), counter)
      }),
  })

  const ticketOf = (
    tier: Tier,
    loginId: Uint8Array,
    record: Omit<SKeyRecord, 'counter' | 'epoch'>,
    idleAt: number,
  ): CallerTicket => ({
    tier,
    loginId: toHex(loginId),
    userId: record.userId,
    user: { userName: record.userName, nickName: record.nickName },
    appId: record.appId,
    issuedAt: record.issuedAt,
    expiresAt: record.expiresAt,
    idleAt: Math.min(idleAt, record.expiresAt),
    writtenUntil: record.writtenUntil,
    minStrength: record.minStrength ?? 0,
  })

  const checkSKey = async (presented: ParsedTicket, appId: string): Promise<TicketState> => {
    const result = await skeys.use(presented.handle, presented.secret)
    if (result.state === 'unknown' || result.record.appId !== appId) return { state: 'unknown' }
    if (result.state === 'ended') return { state: 'ended', reason: result.reason }
    if (result.isFirstUse) {
      const { counter } = result.record
      confirmed.gather(toHex(presented.handle), () => counter)
    }
    const idleAt = clock.now() + lives.skeyIdleSeconds * 1_000
    return { state: 'live', ticket: ticketOf('skey', presented.handle, result.record, idleAt) }
  }

  /** Somebody holds a copy of an A2: its whole login ends, in the database first. */
  const endReused = async (login: LoginWithAccount) => {
    await db.transaction(async (trx) => {
      const ended = await endLogin(trx, login.loginId, { endedAt: clock.now(), endReason: 'reused' })
      if (ended) await recordAudit(trx, { kind: 'ticket.reused', userId: login.userId, appId: login.appId })
    })
    await skeys.closeLogin(login.loginId, 'reused')
  }

  const judge = async (presented: ParsedTicket, appId: string) => {
    const login = await findLoginByHandle(db.write, Buffer.from(presented.handle))
    if (!login || login.appId !== appId) return undefined
    const verdict = judgeA2(login, presented, { crypto, nowMs: clock.now(), retryMs })
    if (verdict === 'reused' && login.endedAt === null) await endReused(login)
    // Again, in case the store was away when the login ended: nobody is told that it has while an SKey still works.
    else if (login.endedAt !== null) await skeys.closeLogin(login.loginId, login.endReason as EndReason)
    return { login, verdict }
  }

  const checkA2 = async (presented: ParsedTicket, appId: string): Promise<TicketState> => {
    const judged = await judge(presented, appId)
    if (!judged) return { state: 'unknown' }
    const { login, verdict } = judged
    if (verdict !== 'current' && verdict !== 'retry') return { state: 'ended', reason: verdict }
    if (verdict === 'current' && login.a2Confirmed < login.a2Counter) {
      await confirmA2(db.write, login.loginId, login.a2Counter)
    }
    const writtenUntil = login.authenticatedAt + needs.replicaLagBudgetMs
    const names = await getUserNames(db, login.userId, writtenUntil)
    const record = { ...login, ...names, issuedAt: login.a2RotatedAt, writtenUntil }
    return { state: 'live', ticket: ticketOf('a2', login.loginId, record, login.expiresAt) }
  }

  /** Throws ENCRYPTION_REQUIRED for a live ticket that is not presented in so weak an envelope. */
  const check = async (token: unknown, caller: Caller): Promise<TicketState> => {
    const presented = typeof token === 'string' ? parseTicket(token) : undefined
    const appId = caller.app?.appId ?? ''
    const checkOne = { skey: checkSKey, a2: checkA2, pskey: undefined, openkey: undefined }
    const result = presented && (await checkOne[presented.tier]?.(presented, appId))
    if (result?.state === 'live') checkStrength(result.ticket, caller)
    return result ?? { state: 'unknown' }
  }

  return {
    judge,
    check,
    endReused,
    /** A retry that only the unused successor excuses. */
    isLateRetry: (login: LoginWithAccount) => clock.now() - login.a2RotatedAt > retryMs,
    /** Whether both tickets of an earlier reply still stand, for a copy of its login. */
    isPairCurrent: async (tickets: { a2?: string; skey?: string }): Promise<boolean> => {
      const a2 = parseTicket(tickets.a2 ?? '')
      const skey = parseTicket(tickets.skey ?? '')
      // A login on a weak key has no A2; its proof is used up, so it could not run again.
      if (!skey || (!a2 && tickets.a2 !== undefined)) return false
      const login = a2 && (await findLoginByHandle(db.write, Buffer.from(a2.handle)))
      const verdict = a2 && login && judgeA2(login, a2, { crypto, nowMs: clock.now(), retryMs })
      if (a2 && verdict !== 'current') return false
      return (await skeys.use(skey.handle, skey.secret, 'only a look')).state === 'live'
    },
    /** Writes the first uses gathered since the last call. */
    flush: confirmed.flush,
  }
}
