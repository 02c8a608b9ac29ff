/** How many messages wait, over all processes: counted every few seconds, with what this process added since. */
import type { Clock } from '../../adapters/clock.ts'
import type { Db } from '../../adapters/db/index.ts'
import type { Channel } from './api.ts'
import { timeOf } from './message-id.ts'
import { countWaiting } from './repo.ts'

type Waiting = { count: number; oldestAt: number | undefined }

const none: Waiting = { count: 0, oldestAt: undefined }

export const createBacklog = ({ db, clock, most }: { db: Pick<Db, 'write'>; clock: Clock; most: number }) => {
  let waiting: Record<Channel, Waiting> = { email: none, phone: none }
  let added = 0

  return {
    /** Several processes may go past the bound by what they add between two counts. */
    isFull: () => waiting.email.count + waiting.phone.count + added >= most,
    noteAdded: () => {
      added++
    },
    count: async () => {
      const before = added
      const rows = await countWaiting(db.write)
      const find = (channel: Channel): Waiting => {
        const row = rows.find((one) => one.channel === channel)
        return row
          ? { count: Number(row.count), oldestAt: row.oldest ? timeOf(row.oldest) : undefined }
          : none
      }
      waiting = { email: find('email'), phone: find('phone') }
      added -= before
    },
    countOf: (channel: Channel) => waiting[channel].count,
    oldestSecondsOf: (channel: Channel) => {
      const { oldestAt } = waiting[channel]
      return oldestAt === undefined ? 0 : Math.max(0, (clock.now() - oldestAt) / 1_000)
    },
  }
}

export type Backlog = ReturnType<typeof createBacklog>
