/** Brings a store that lost its latest writes up to date before SKeys are judged by it again. */
import type { Db, Executor } from '../../adapters/db/index.ts'
import type { Recover, Store } from '../../adapters/store/index.ts'
import type { TellDisabled } from '../accounts/api.ts'
import { type ConsentGate, createCloseConsent } from './consent-gates.ts'
import { findEndReason } from './of-user/repo.ts'
import { findAccountGate, findEndedLogins, findRaisedLogins, type LoginMoment } from './repo.ts'
import type { EndReason, SKeys } from './skeys.ts'

export type TicketRecoveryNeeds = {
  db: Db
  /** SKeys on the store that is being brought up to date. */
  createSKeys(store: Store): SKeys
  /** The accounts or consents that have changed since. */
  findChanged(db: Executor, kind: 'account' | 'consent', sinceMs: number): Promise<string[]>
  findConsentGate(db: Executor, subject: string): Promise<ConsentGate | undefined>
  tellDisabled: TellDisabled
}

export const markKey = 'current-at'
/** How far the clocks of processes may be apart, plus the time from a row to its gate. */
const marginMs = 60_000
const pageSize = 500

/** Brings the gate of an account in the store up to its row. */
export const closeAccountOf = async (
  { db, skeys, tellDisabled }: { db: Executor; skeys: SKeys; tellDisabled: TellDisabled },
  userId: number,
): Promise<void> => {
  const gate = await findAccountGate(db, userId)
  if (!gate) return
  const { tag, epoch, status } = gate
  const reason = status === 'active' ? 'logged-out' : status
  await skeys.closeAccount(tag, { epoch, reason, told: tellDisabled(gate) })
}

/** The same for one login. */
export const closeLoginOf = async (db: Executor, skeys: SKeys, loginId: Buffer): Promise<void> => {
  const endReason = await findEndReason(db, loginId)
  if (endReason !== undefined) await skeys.closeLogin(loginId, endReason as EndReason)
}

/** Shuts page after page; the gates of a page in any order. */
const shutEach = async <Found extends LoginMoment>(
  sinceMs: number,
  find: (after: LoginMoment, limit: number) => Promise<Found[]>,
  shut: (found: Found) => Promise<void>,
) => {
  let after: LoginMoment = { at: sinceMs, loginId: Buffer.alloc(0) }
  for (;;) {
    const page = await find(after, pageSize)
    await Promise.all(page.map(shut))
    const last = page.at(-1)
    if (!last || page.length < pageSize) return
    after = last
  }
}

/** Writes the mark. Silent while the store is away: its connection logs that. */
export const markStore = (store: Store, nowMs: number, skeyMs: number): Promise<void> =>
  store.set(markKey, String(nowMs), 2 * skeyMs).catch(() => {})

/**
 * Every process keeps writing the time into the store. In an old copy this mark tells how old the copy is: logins that
 * have ended since, or need sealed calls since, are read from the database. A store without the mark is empty and holds
 * no SKeys.
 */
export const createTicketRecovery =
  ({ db, createSKeys, findChanged, findConsentGate, tellDisabled }: TicketRecoveryNeeds): Recover =>
  async (store) => {
    const mark = await store.get(markKey)
    if (mark === undefined) return
    const skeys = createSKeys(store)
    const sinceMs = Number(mark) - marginMs
    for (const userId of await findChanged(db.write, 'account', sinceMs)) {
      await closeAccountOf({ db: db.write, skeys, tellDisabled }, Number(userId))
    }
    const closeConsent = createCloseConsent(store)
    for (const subject of await findChanged(db.write, 'consent', sinceMs)) {
      const gate = await findConsentGate(db.write, subject)
      if (gate) await closeConsent(gate)
    }
    await shutEach(
      sinceMs,
      (...page) => findEndedLogins(db.write, ...page),
      ({ loginId, endReason }) => skeys.closeLogin(loginId, endReason as EndReason),
    )
    await shutEach(
      sinceMs,
      (...page) => findRaisedLogins(db.write, ...page),
      ({ loginId }) => skeys.raiseMinStrength(loginId),
    )
  }
