/** What a store that lost its latest writes has to be told before it may judge an SKey again. */
import type { Clock } from '../../adapters/clock.ts'
import type { Db, Executor } from '../../adapters/db/index.ts'
import type { Recover, Store } from '../../adapters/store/index.ts'
import { findAccountGate, findEndedLogins, findRaisedLogins, type LoginMoment } from './repo.ts'
import type { EndReason, SKeys } from './skeys.ts'

export type TicketRecoveryNeeds = {
  db: Db
  clock: Clock
  /** SKeys on the store that is being brought up to date. */
  createSKeys(store: Store): SKeys
  findChangedAccounts(db: Executor, sinceMs: number): Promise<number[]>
  /** The longest life of an SKey. */
  lifeMs: number
}

const markKey = 'current-at'
/** How far the clocks of processes may be apart, and how long it may take from a row to its gate. */
const marginMs = 60_000
const pageSize = 500

/** Brings the gate of an account in the store up to its row. */
export const closeAccountOf = async (db: Executor, skeys: SKeys, userId: number): Promise<void> => {
  const gate = await findAccountGate(db, userId)
  if (!gate) return
  await skeys.closeAccount(gate.tag, gate.epoch, gate.status === 'active' ? 'logged-out' : gate.status)
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

/**
 * The store holds a mark of the time, written all the time. In an old copy it tells how old the copy is: what has
 * ended since, or is good in sealed calls only since, is read from the database. A store without the mark is empty, and no SKey of it can live.
 */
export const createTicketRecovery = (needs: TicketRecoveryNeeds) => {
  const { db, clock, createSKeys, findChangedAccounts, lifeMs } = needs
  const recover: Recover = async (store) => {
    const mark = await store.get(markKey)
    if (mark === undefined) return
    const skeys = createSKeys(store)
    const sinceMs = Number(mark) - marginMs
    for (const userId of await findChangedAccounts(db.write, sinceMs)) {
      await closeAccountOf(db.write, skeys, userId)
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
  return {
    recover,
    /** Silent while the store is away: that is told elsewhere. */
    mark: (store: Store) => store.set(markKey, String(clock.now()), 2 * lifeMs).catch(() => {}),
  }
}
