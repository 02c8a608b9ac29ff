/** How often users search: against taking the list of all users away, one page after another. */
import type { Store } from '../../../adapters/store/index.ts'
import type { TicketCaller } from '../../../http/caller.ts'
import { Failure } from '../../../protocol/errors.ts'
import type { FindWay } from '../wire.ts'

const dayMs = 24 * 3_600_000

export type FindLimitNeeds = {
  store: Pick<Store, 'pass' | 'increment'>
  rules: { findsPerDay: number; addressFindsPerDay: number; findsOfAppPerDay: number }
}

export const createFindLimits = ({ store, rules }: FindLimitNeeds) => {
  const { findsPerDay, addressFindsPerDay, findsOfAppPerDay } = rules

  const pass = async (key: string, most: number, setting: string) => {
    const waitMs = await store.pass(key, dayMs, most)
    if (waitMs > 0) throw new Failure('TOO_OFTEN', { info: setting, retryAfterSeconds: waitMs / 1_000 })
  }

  /** The caller's own first: a search that is refused does not use up what all users of the app share. */
  return async function checkFind(by: FindWay, { app, ticket }: TicketCaller): Promise<void> {
    const key = `limit:{finds ${ticket.userId}}`
    if (by === 'email' || by === 'phone') {
      await pass(`${key}:address`, addressFindsPerDay, 'users.addressFindsPerDay')
    }
    await pass(key, findsPerDay, 'users.findsPerDay')
    if (findsOfAppPerDay === 0) return
    // A number instead of a log: the sum of an app may be a million.
    if ((await store.increment(`limit:finds:${app.appId}`, dayMs)) > findsOfAppPerDay) {
      throw new Failure('TOO_OFTEN', { info: 'users.findsOfAppPerDay', retryAfterSeconds: 3_600 })
    }
  }
}
