import type { CreateBatch } from '../../adapters/batch.ts'
import type { Clock } from '../../adapters/clock.ts'
import type { Db } from '../../adapters/db/index.ts'
import { type Hit, listNames } from './filter.ts'
import { addHits } from './repo.ts'

const hourMs = 3_600_000
/** Lists of some hours: what is gathered is written every few seconds. */
const mostGathered = 8 * listNames.length

export const hourOf = (ms: number) => Math.floor(ms / hourMs)

/** Counts hits by hour and list; never what was hit, or by which caller. */
export const createHits = ({
  db,
  clock,
  createBatch,
}: {
  db: Db
  clock: Clock
  createBatch: CreateBatch
}) => {
  const total = Object.fromEntries(listNames.map((name) => [name, 0]))
  const batch = createBatch<number>({
    most: mostGathered,
    write: async (entries) => {
      for (const [key, hits] of entries) {
        const [hour = '', list = ''] = key.split(' ')
        await addHits(db.write, { hour: Number(hour), list, hits })
      }
    },
  })
  return {
    count: (hits: readonly Hit[]) => {
      for (const { list } of hits) {
        total[list] = (total[list] ?? 0) + 1
        batch.gather(`${hourOf(clock.now())} ${list}`, (before = 0) => before + 1)
      }
    },
    flush: batch.flush,
    total: () => Object.entries(total),
  }
}
