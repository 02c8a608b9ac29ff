import type { CreateBatch } from '../../adapters/batch.ts'
import type { Clock } from '../../adapters/clock.ts'
import type { ServerCrypto } from '../../adapters/crypto.ts'
import type { Db, Executor } from '../../adapters/db/index.ts'
import type { LoginRow } from '../../adapters/db/tables.ts'
import type { Random } from '../../adapters/random.ts'
import type { Caller, CallerTicket, OperationShape, TicketCaller } from '../../http/caller.ts'
import { concatBytes, fromHex, toHex } from '../../protocol/bytes.ts'
import { Failure } from '../../protocol/errors.ts'
import { type ParsedTicket, parseTicket, type Tier } from '../../protocol/tickets.ts'
import type { RecordAudit } from '../audit/audit.ts'
import type { RecordChange } from '../changes/changes.ts'
import { createPairs, judgeA2, type Pair } from './a2.ts'
import {
  confirmA2,
  endLogin,
  endLoginsOfUser,
  findAccountGate,
  findLoginByHandle,
  findUserNames,
  type LoginWithAccount,
  rotateA2,
} from './repo.ts'
import type { EndReason, SKeyRecord, SKeys } from './skeys.ts'

export type TicketsNeeds = {
  db: Db
  clock: Clock
  random: Random
  crypto: ServerCrypto
  skeys: SKeys
  ticketKey: Uint8Array
  recordAudit: RecordAudit
  lives: { a2Seconds: number; skeySeconds: number; skeyIdleSeconds: number; retrySeconds: number }
  replicaLagBudgetMs: number
  createBatch: CreateBatch
  recordChange: RecordChange
}

const mostConfirmed = 50_000

/** Whose login it is, as known when it is made. */
export type LoginSubject = {
  userId: number
  userName: string
  nickName: string
  tag: Uint8Array
  epoch: number
}

/** What a caller says of the device that it runs on. */
export type DeviceInfo = { type?: string; os?: string; device?: string; osver?: string }

export type PreparedLogin = {
  row: LoginRow
  tickets: { a2: string; skey: string }
  /** Puts the SKey into the store, once the row is committed. */
  issueSKey(): Promise<void>
}

export type TicketState =
  | { state: 'unknown' }
  | { state: 'ended'; reason: EndReason }
  | { state: 'live'; ticket: CallerTicket }

export const createTickets = (needs: TicketsNeeds) => {
  const { db, clock, random, crypto, skeys, lives, recordAudit } = needs
  const pairOf = createPairs({ crypto, ticketKey: needs.ticketKey })
  const skeyMs = lives.skeySeconds * 1_000
  const retryMs = lives.retrySeconds * 1_000
  // First uses of SKeys, written in batches: the store knows them at once, the row within seconds.
  const confirmed = needs.createBatch<number>({
    most: mostConfirmed,
    write: (entries) =>
      db.transaction(async (trx) => {
        for (const [id, counter] of entries) await confirmA2(trx, Buffer.from(fromHex(id) ?? []), counter)
      }),
  })

  const skeyRecord = (
    login: LoginRow,
    names: { userName: string; nickName: string },
    nowMs: number,
  ): SKeyRecord => ({
    userId: login.userId,
    userName: names.userName,
    nickName: names.nickName,
    appId: login.appId,
    epoch: login.epoch,
    counter: login.a2Counter,
    issuedAt: nowMs,
    expiresAt: Math.min(nowMs + skeyMs, login.expiresAt),
    writtenUntil: nowMs + needs.replicaLagBudgetMs,
  })

  /** A login with its first pair of tickets, not yet written. */
  const prepareLogin = (subject: LoginSubject, caller: Caller, device: DeviceInfo = {}): PreparedLogin => {
    const now = clock.now()
    const loginId = Buffer.from(concatBytes(subject.tag, random.bytes(8)))
    const a2Handle = random.bytes(16)
    const a2Nonce = random.bytes(16)
    const pair = pairOf({ loginId, a2Handle }, 1, a2Nonce, new Uint8Array())
    const row: LoginRow = {
      loginId,
      userId: subject.userId,
      appId: caller.app?.appId ?? '',
      deviceId: caller.device ? Buffer.from(caller.device.id, 'hex') : null,
      deviceType: device.type ?? caller.device?.deviceType ?? '',
      deviceName: device.device ?? caller.device?.name ?? '',
      epoch: subject.epoch,
      a2Handle,
      a2Hash: Buffer.from(crypto.sha256(pair.a2Secret)),
      a2PreviousHash: null,
      a2Nonce,
      a2Counter: 1,
      a2RotatedAt: now,
      a2Confirmed: 0,
      authenticatedAt: now,
      expiresAt: now + lives.a2Seconds * 1_000,
      endedAt: null,
      endReason: null,
      endDetail: null,
    }
    return {
      row,
      tickets: { a2: pair.a2, skey: pair.skey },
      issueSKey: () => skeys.issue(loginId, pair.skeySecret, skeyRecord(row, subject, now), now),
    }
  }

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
    const names = (await findUserNames(db.readFor(writtenUntil), login.userId)) ?? {
      userName: '',
      nickName: '',
    }
    const record = { ...login, ...names, issuedAt: login.a2RotatedAt, writtenUntil }
    return { state: 'live', ticket: ticketOf('a2', login.loginId, record, login.expiresAt) }
  }

  const check = async (token: unknown, appId: string): Promise<TicketState> => {
    const presented = typeof token === 'string' ? parseTicket(token) : undefined
    if (presented?.tier === 'skey') return checkSKey(presented, appId)
    if (presented?.tier === 'a2') return checkA2(presented, appId)
    return { state: 'unknown' }
  }

  const notLoggedIn = (reason?: EndReason) =>
    new Failure('NOT_LOGGED_IN', reason ? { members: { reason } } : {})

  const rotate = async (login: LoginWithAccount, presented: ParsedTicket): Promise<boolean> => {
    const a2Nonce = random.bytes(16)
    const { a2Secret } = pairOf(login, login.a2Counter + 1, a2Nonce, presented.secret)
    return rotateA2(db.write, login, {
      a2Hash: Buffer.from(crypto.sha256(a2Secret)),
      a2Nonce,
      a2RotatedAt: clock.now(),
    })
  }

  /** The pair of a rotated login for whoever presents the A2 before it. */
  const answer = async (login: LoginWithAccount, presented: ParsedTicket): Promise<Pair> => {
    const names = await findUserNames(
      db.readFor(login.authenticatedAt + needs.replicaLagBudgetMs),
      login.userId,
    )
    const pair = pairOf(login, login.a2Counter, login.a2Nonce, presented.secret)
    const record = skeyRecord(login, names ?? { userName: '', nickName: '' }, login.a2RotatedAt)
    await skeys.issue(login.loginId, pair.skeySecret, record, clock.now())
    return pair
  }

  return {
    prepareLogin,
    check,
    /** For routes that name their tiers: the live ticket, or the refusal that says why. */
    authenticate: async (token: unknown, shape: OperationShape, caller: Caller) => {
      const presented = typeof token === 'string' ? parseTicket(token) : undefined
      if (!presented) throw notLoggedIn()
      const wanted = shape.tiers ?? []
      const isWanted = wanted.includes(presented.tier)
      if (isWanted && shape.consumesTicket) return undefined
      const result = await check(token, caller.app?.appId ?? '')
      if (result.state === 'unknown') throw notLoggedIn()
      if (result.state === 'ended') throw notLoggedIn(result.reason)
      if (!isWanted) throw new Failure('TIER_WANTED', { members: { tier: wanted[0] } })
      return result.ticket
    },
    /** A2 to A2 and SKey. Of many exchanges of one A2 all get the same pair. */
    exchange: async (token: string, caller: Caller): Promise<{ a2: string; skey: string }> => {
      const presented = parseTicket(token)
      const appId = caller.app?.appId ?? ''
      if (!presented) throw notLoggedIn()
      // Twice at most: whoever loses the race finds the winner's rotation, and is its retry.
      for (let attempt = 0; attempt < 3; attempt++) {
        const judged = await judge(presented, appId)
        if (!judged) throw notLoggedIn()
        const { login, verdict } = judged
        if (verdict === 'retry') {
          const { a2, skey } = await answer(login, presented)
          return { a2, skey }
        }
        if (verdict !== 'current') throw notLoggedIn(verdict)
        await rotate(login, presented)
      }
      throw new Failure('OVERLOADED', { retryAfterSeconds: 1 })
    },
    /** Final in every process when it returns: the row first, then the gate that every use of an SKey reads. */
    logout: async (caller: TicketCaller, everywhere: boolean): Promise<void> => {
      const { ticket } = caller
      const loginId = Buffer.from(fromHex(ticket.loginId) ?? [])
      const ending = { endedAt: clock.now(), endReason: 'logged-out' }
      if (!everywhere) {
        await endLogin(db.write, loginId, ending)
        await skeys.closeLogin(loginId, 'logged-out')
        return
      }
      const gate = await db.transaction(async (trx) => {
        await endLoginsOfUser(trx, ticket.userId, ending)
        // So that every process closes the account's gate, should the store be away now.
        await needs.recordChange(trx, 'account', String(ticket.userId))
        return findAccountGate(trx, ticket.userId)
      })
      if (gate) await skeys.closeAccount(gate.tag, gate.epoch, 'logged-out')
    },
    /** Brings the store up to what an administrator changed: called in every process, harmless if repeated. */
    applyAccountChange: async (userId: number): Promise<void> => {
      const gate = await findAccountGate(db.write, userId)
      if (!gate) return
      await skeys.closeAccount(gate.tag, gate.epoch, gate.status === 'active' ? 'logged-out' : gate.status)
    },
    /** Part of the transaction that disables or deletes an account. */
    endAll: (trx: Executor, userId: number, reason: EndReason) =>
      endLoginsOfUser(trx, userId, { endedAt: clock.now(), endReason: reason }),
    /** Whether both tickets of an earlier reply still stand, for a copy of its login. */
    isPairCurrent: async (tickets: { a2?: string; skey?: string }): Promise<boolean> => {
      const a2 = parseTicket(tickets.a2 ?? '')
      const skey = parseTicket(tickets.skey ?? '')
      if (!a2 || !skey) return false
      const login = await findLoginByHandle(db.write, Buffer.from(a2.handle))
      if (!login || judgeA2(login, a2, { crypto, nowMs: clock.now(), retryMs }) !== 'current') return false
      return (await skeys.use(skey.handle, skey.secret)).state === 'live'
    },
    /** Writes the first uses gathered since the last call. */
    flush: confirmed.flush,
  }
}

export type TicketsService = ReturnType<typeof createTickets>
