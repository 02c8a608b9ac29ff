/** How often users search and look at others: against taking the list of all users away, one page after another. */
import type { Store } from '../../../adapters/store/index.ts'
import type { TicketCaller } from '../../../http/caller.ts'
import { Failure } from '../../../protocol/errors.ts'
import type { FindWay } from '../wire.ts'

const dayMs = 24 * 3_600_000

export type FindLimitNeeds = {
  store: Pick<Store, 'pass' | 'increment'>
  rules: {
    findsPerDay: number
    addressFindsPerDay: number
    findsOfAppPerDay: number
    profilesPerDay: number
  }
}

export const createFindLimits = ({ store, rules }: FindLimitNeeds) => {
  const { findsPerDay, addressFindsPerDay, findsOfAppPerDay, profilesPerDay } = rules

  const pass = async (key: string, most: number, setting: string) => {
    const waitMs = await store.pass(key, dayMs, most)
    if (waitMs > 0) throw new Failure('TOO_OFTEN', { info: setting, retryAfterSeconds: waitMs / 1_000 })
  }

  /** A number instead of a log, where the bound is high: the store keeps a log entry by entry. */
  const count = async (key: string, most: number, setting: string) => {
    if ((await store.increment(key, dayMs)) <= most) return
    throw new Failure('TOO_OFTEN', { info: setting, retryAfterSeconds: 3_600 })
  }

  /** The caller's own first: a search that is refused does not use up what all users of the app share. */
  const checkFind = async (by: FindWay, { app, ticket }: TicketCaller): Promise<void> => {
    const key = `limit:{finds ${ticket.userId}}`
    if (by === 'email' || by === 'phone') {
      await pass(`${key}:address`, addressFindsPerDay, 'users.addressFindsPerDay')
    }
    await pass(key, findsPerDay, 'users.findsPerDay')
    if (findsOfAppPerDay === 0) return
    await count(`limit:finds:${app.appId}`, findsOfAppPerDay, 'users.findsOfAppPerDay')
  }

  return {
    checkFind,
    /** Before another user's profile: numbers are given in order, so that all of them could be walked. */
    checkProfile: ({ ticket }: TicketCaller): Promise<void> =>
      count(`limit:profiles:${ticket.userId}`, profilesPerDay, 'users.profilesPerDay'),
  }
}

export type FindLimits = ReturnType<typeof createFindLimits>
