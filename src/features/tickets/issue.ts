import type { Clock } from '../../adapters/clock.ts'
import type { ServerCrypto } from '../../adapters/crypto.ts'
import type { Db } from '../../adapters/db/index.ts'
import type { LoginRow } from '../../adapters/db/tables.ts'
import type { Random } from '../../adapters/random.ts'
import type { Caller, CallerKey } from '../../http/caller.ts'
import { concatBytes } from '../../protocol/bytes.ts'
import { formatTicket } from '../../protocol/tickets.ts'
import type { createPairs, Pair } from './a2.ts'
import { getUserNames, type LoginWithAccount } from './repo.ts'
import type { SKeyRecord, SKeys } from './skeys.ts'

export type IssueNeeds = {
  db: Db
  clock: Clock
  random: Random
  crypto: ServerCrypto
  skeys: SKeys
  pairOf: ReturnType<typeof createPairs>
  lives: { a2Seconds: number; skeySeconds: number }
  replicaLagBudgetMs: number
}

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
  /**
   * Once the row is committed: puts the SKey into the store and returns the tickets. The login stands whether the
   * store answers or not; without it there is no SKey, and the client trades its A2 for one later.
   */
  issue(): Promise<{ a2?: string; skey?: string }>
}

/** Nobody's A2 comes of a key that can be searched, and its login ends with the day. */
const weakLifeMs = 24 * 3_600_000
const strongest = 2
const secretBytes = 32

/** Makes the tickets of new logins, and of rotated ones. */
export const createIssuer = (needs: IssueNeeds) => {
  const { db, clock, random, crypto, skeys, pairOf, lives } = needs
  const skeyMs = lives.skeySeconds * 1_000

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
    minStrength: login.minStrength,
  })

  /** A login with its first pair of tickets, not yet written. */
  const prepareLogin = (
    subject: LoginSubject,
    caller: Caller,
    device: DeviceInfo = {},
    key?: CallerKey,
  ): PreparedLogin => {
    const now = clock.now()
    const isWeak = key?.isWeak ?? false
    const loginId = Buffer.from(concatBytes(subject.tag, random.bytes(8)))
    const a2Handle = random.bytes(16)
    const a2Nonce = random.bytes(16)
    const pair = pairOf({ loginId, a2Handle }, 1, a2Nonce, new Uint8Array())
    const row: LoginRow = {
      loginId,
      userId: subject.userId,
      appId: caller.app?.appId ?? '',
      deviceId: caller.device ? Buffer.from(caller.device.knownAs, 'hex') : null,
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
      expiresAt: now + (isWeak ? weakLifeMs : lives.a2Seconds * 1_000),
      endedAt: null,
      endReason: null,
      endDetail: null,
      keyPrint: key?.fingerprint ?? null,
      minStrength: caller.strength === strongest ? strongest : 0,
      strengthRaisedAt: null,
    }
    return {
      row,
      issue: () => {
        const issued = skeys.issue(loginId, pair.skeySecret, skeyRecord(row, subject, now), now)
        if (isWeak) return issued.then(() => ({ skey: pair.skey }))
        return issued.then(
          () => ({ a2: pair.a2, skey: pair.skey }),
          () => ({ a2: pair.a2 }),
        )
      },
    }
  }

  return {
    prepareLogin,
    /** One more SKey of a login, for a device that has proven the key on which it was made. */
    issueResumed: async (
      login: LoginWithAccount & { userName: string; nickName: string },
    ): Promise<string> => {
      const now = clock.now()
      const secret = random.bytes(secretBytes)
      // Its use says nothing about the A2: no counter is as low.
      const record = { ...skeyRecord(login, login, now), counter: 0 }
      await skeys.issueResumed(login.loginId, secret, record, now)
      return formatTicket('skey', login.loginId, secret)
    },
    /** Puts the SKey of a rotated login into the store; one that was used already stays as it is. */
    issueRotated: async (login: LoginWithAccount, pair: Pair): Promise<void> => {
      const names = await getUserNames(db, login.userId, login.authenticatedAt + needs.replicaLagBudgetMs)
      const record = skeyRecord(login, names, login.a2RotatedAt)
      await skeys.issue(login.loginId, pair.skeySecret, record, clock.now())
    },
  }
}
