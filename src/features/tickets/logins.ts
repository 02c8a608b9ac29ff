/** How a login begins, by whatever proof; resuming one on its key; and the SKeys that belong to logins. */
import type { Clock } from '../../adapters/clock.ts'
import type { ServerCrypto } from '../../adapters/crypto.ts'
import type { Db, Executor } from '../../adapters/db/index.ts'
import type { Random } from '../../adapters/random.ts'
import type { Caller } from '../../http/caller.ts'
import { concatBytes, toHex } from '../../protocol/bytes.ts'
import { strengths } from '../../protocol/strength.ts'
import { formatTicket } from '../../protocol/tickets.ts'
import type { CheckActive, IsHeldUp, LockAccount, LoginGuard, MarkUsed } from '../accounts/api.ts'
import type { DeviceSlots } from '../devices/api.ts'
import type { Keys, ProvenKey } from '../key-exchange/api.ts'
import type { createPairs, Pair } from './a2.ts'
import type { Ends } from './ends.ts'
import { findLoginsBeyond, type LiveLogin } from './of-user/repo.ts'
import { createTakeSlot } from './of-user/take-slot.ts'
import { checkStrength } from './refusals.ts'
import {
  createInsertGuardedLogin,
  findLoginOnKey,
  getUserNames,
  insertLogin,
  type LoginWithAccount,
  type Names,
} from './repo.ts'
import type { SKeys, TicketRecord } from './skeys.ts'
import type { LoginRow } from './tables.ts'

export type LoginsNeeds = {
  db: Db
  clock: Clock
  random: Random
  crypto: ServerCrypto
  skeys: SKeys
  pairOf: ReturnType<typeof createPairs>
  lives: { a2Seconds: number; a2IdleSeconds: number; skeySeconds: number; loginsPerUser: number }
  replicaLagBudgetMs: number
  prolongKey: Keys['prolong']
  isHeldUp: IsHeldUp
  markUsed: MarkUsed
  ends: Pick<Ends, 'endLogins'>
  slots: Pick<DeviceSlots, 'find' | 'choose'>
  lockAccount: LockAccount
  checkActive: CheckActive
  /** Remembers that a user has logged in on a device. */
  noteLogin(deviceId: string): void
}

/** The account that a login belongs to, as known when it begins. */
export type LoginAccount = {
  userId: number
  userName: string
  nickName: string
  tag: Uint8Array
  epoch: number
  /** What its row says of device slots. */
  deviceSlots: string | null
}

/** What a caller says of the device that it runs on. */
export type DeviceInfo = { type?: string; os?: string; device?: string; osver?: string }

export type BeginOptions = {
  device?: DeviceInfo | undefined
  /** The key that the caller has proven to hold: the login is bound to it. */
  proof?: ProvenKey | undefined
  /** Inserts the login only if the account is still active in its epoch and its failures leave room. */
  guard?: LoginGuard | undefined
  /** Ids of logins that the caller gives up if it finds no free slot. */
  giveUp?: readonly string[] | undefined
  /** How many the account has already. */
  liveLogins?: number
  /** The transaction to insert it in; then `finish` is for after the commit. */
  trx?: Executor
}

type Unguarded = BeginOptions & { guard?: undefined }

export type LoginTickets = { a2?: string; skey?: string }

export type BegunLogin = {
  loginId: Buffer
  /** The logins that ended for it: it took their slot. */
  replaced: readonly LiveLogin[]
  /**
   * Prolongs the key, puts the SKey into the store and returns the tickets. The login stands whether the store answers
   * or not; without it there is no SKey, and the client exchanges its A2 for one later.
   */
  finish(): Promise<LoginTickets>
}

/** A login on a key that can be searched gets no A2 and ends with the day. */
const weakLifeMs = 24 * 3_600_000
const secretBytes = 32
/** The login ended because of what became of its account. */
const isOfAccount = (endReason: string | null) =>
  endReason === 'disabled' || endReason === 'leaving' || endReason === 'deleted'

export const createLogins = (needs: LoginsNeeds) => {
  const { db, clock, random, crypto, skeys, pairOf, lives } = needs
  const takeSlot = createTakeSlot(needs)
  const insertGuardedLogin = createInsertGuardedLogin(needs.isHeldUp, db.engine)

  const skeyRecord = (login: LoginRow, names: Names, nowMs: number): TicketRecord => ({
    userId: login.userId,
    userName: names.userName,
    nickName: names.nickName,
    appId: login.appId,
    epoch: login.epoch,
    counter: login.a2Counter,
    issuedAt: nowMs,
    expiresAt: Math.min(nowMs + lives.skeySeconds * 1_000, login.expiresAt),
    writtenUntil: nowMs + needs.replicaLagBudgetMs,
    minStrength: login.minStrength,
    authenticatedAt: login.reauthenticatedAt ?? login.authenticatedAt,
  })

  /** That of an SKey that comes with an A2: it lives no longer than its A2 might. */
  const pairRecord = (login: LoginRow, names: Names): TicketRecord => {
    const record = skeyRecord(login, names, login.a2RotatedAt)
    const { a2IdleSeconds } = lives
    if (a2IdleSeconds === 0) return record
    return { ...record, expiresAt: Math.min(record.expiresAt, login.a2RotatedAt + a2IdleSeconds * 1_000) }
  }

  /** A new login with its first pair of tickets, not yet written. */
  const compose = (
    account: LoginAccount,
    caller: Caller,
    { device = {}, proof }: BeginOptions,
  ): { row: LoginRow; pair: Pair } => {
    const now = clock.now()
    const loginId = Buffer.from(concatBytes(account.tag, random.bytes(8)))
    const a2Handle = random.bytes(16)
    const a2Nonce = random.bytes(16)
    const pair = pairOf({ loginId, a2Handle }, 1, a2Nonce, new Uint8Array())
    const row: LoginRow = {
      loginId,
      userId: account.userId,
      appId: caller.app?.appId ?? '',
      deviceId: caller.device ? Buffer.from(caller.device.knownAs, 'hex') : null,
      deviceType: device.type ?? caller.device?.deviceType ?? '',
      deviceName: device.device ?? caller.device?.name ?? '',
      os: device.os ?? caller.device?.os ?? '',
      osver: device.osver ?? '',
      givenName: null,
      network: caller.address.network,
      lastSeenAt: now,
      epoch: account.epoch,
      a2Handle,
      a2Hash: Buffer.from(crypto.sha256(pair.a2Secret)),
      a2PreviousHash: null,
      a2Nonce,
      a2Counter: 1,
      a2RotatedAt: now,
      a2Confirmed: 0,
      authenticatedAt: now,
      reauthenticatedAt: null,
      expiresAt: now + (proof?.isWeak ? weakLifeMs : lives.a2Seconds * 1_000),
      endedAt: null,
      endReason: null,
      endDetail: null,
      keyPrint: proof?.fingerprint ?? null,
      minStrength: caller.strength === strengths.sealed ? strengths.sealed : strengths.clear,
      strengthRaisedAt: null,
    }
    return { row, pair }
  }

  /** Makes room for a login that was just written. Parallel logins may exceed the bound until the next one. */
  const endOldest = async (userId: number) => {
    const nowMs = clock.now()
    const beyond = await findLoginsBeyond(db.write, { userId, nowMs, most: lives.loginsPerUser })
    if (beyond.length === 0) return
    const ending = { endedAt: nowMs, endReason: 'replaced', endDetail: 'too many logins' }
    await db.transaction((trx) => needs.ends.endLogins(trx, { userId, loginIds: beyond }, ending))
    await Promise.all(beyond.map((loginId) => skeys.closeLogin(loginId, 'replaced')))
  }

  const finish = async (
    account: LoginAccount,
    { row, pair }: { row: LoginRow; pair: Pair },
    { proof, liveLogins = 0 }: BeginOptions,
    ended: readonly LiveLogin[],
  ): Promise<LoginTickets> => {
    // The rows are final; a gate that the store did not take follows.
    await Promise.all(ended.map(({ loginId }) => skeys.closeLogin(loginId, 'replaced').catch(() => {})))
    if (liveLogins >= lives.loginsPerUser) await endOldest(account.userId)
    // The row binds the key already; if the store is away now, the key lives its first hour.
    if (proof) await needs.prolongKey(proof).catch(() => {})
    if (row.deviceId) needs.noteLogin(toHex(row.deviceId))
    const ticket = { tier: 'skey', loginId: row.loginId, secret: pair.skeySecret } as const
    const issued = skeys.issue(ticket, pairRecord(row, account), row.authenticatedAt)
    if (proof?.isWeak) return issued.then(() => ({ skey: pair.skey }))
    return issued.then(
      () => ({ a2: pair.a2, skey: pair.skey }),
      () => ({ a2: pair.a2 }),
    )
  }

  /** Writes a login of the account. Undefined: its guard no longer holds, so nothing was written. */
  async function begin(account: LoginAccount, caller: Caller, options: Unguarded): Promise<BegunLogin>
  async function begin(
    account: LoginAccount,
    caller: Caller,
    options: BeginOptions,
  ): Promise<BegunLogin | undefined>
  async function begin(account: LoginAccount, caller: Caller, options: BeginOptions) {
    const login = compose(account, caller, options)
    const { row } = login
    const { guard, giveUp = [], trx = db.write } = options
    const insert = async (trx: Executor): Promise<boolean> => {
      if (guard !== undefined) return insertGuardedLogin(trx, row, guard)
      await insertLogin(trx, row)
      return true
    }
    const begun = (replaced: readonly LiveLogin[], ended: readonly LiveLogin[]): BegunLogin => ({
      loginId: row.loginId,
      replaced,
      finish: () => finish(account, login, options, ended),
    })
    const rule = needs.slots.find(account.deviceSlots)
    if (!rule) return (await insert(trx)) ? begun([], []) : undefined
    const take = (trx: Executor) => takeSlot(trx, { row, rule, giveUp }, insert)
    const taken = options.trx ? await take(options.trx) : await db.transaction(take)
    return taken && begun(taken.replaced, [...taken.again, ...taken.replaced])
  }

  return {
    begin,
    recordOf: skeyRecord,
    /**
     * The newest login on a key that its caller has proven: its user and a fresh SKey. Undefined if no live login is
     * bound to the key; throws ACCOUNT_DISABLED.
     */
    resume: async (key: ProvenKey, caller: Caller) => {
      const onKey = { keyPrint: key.fingerprint, sinceMs: key.loginsSinceMs, appId: caller.app?.appId ?? '' }
      const login = await findLoginOnKey(db.write, onKey)
      if (!login) return undefined
      const now = clock.now()
      const { userId, userName, nickName, endReason } = login
      // A user who has logged out has left the key, whatever became of the account.
      const wasLeft = login.endedAt !== null && !isOfAccount(endReason)
      if (wasLeft || login.expiresAt <= now) return undefined
      await needs.checkActive(db.write, login)
      if (login.endedAt !== null || login.epoch < login.accountEpoch) return undefined
      checkStrength(login, caller)
      // The row of the login does not tell that it was resumed.
      if (login.unusedSince !== null) await needs.markUsed(db.write, userId)
      const secret = random.bytes(secretBytes)
      // Its use says nothing about the A2: no counter is as low.
      const ticket = { tier: 'skey', loginId: login.loginId, secret } as const
      await skeys.issueBounded(ticket, { ...skeyRecord(login, login, now), counter: 0 }, now)
      const skey = formatTicket('skey', login.loginId, secret)
      return { user: { userId: String(userId), userName, nickName }, tickets: { skey } }
    },
    findNames: (login: LoginWithAccount): Promise<Names> =>
      getUserNames(db, login.userId, login.authenticatedAt + needs.replicaLagBudgetMs),
    pairRecord,
  }
}

export type Logins = ReturnType<typeof createLogins>
