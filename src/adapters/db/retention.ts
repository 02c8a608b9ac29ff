/** Rows that leave by age: every process removes them again and again, a batch at a time. */
import type { Clock } from '../clock.ts'
import type { Logger } from '../logger.ts'
import type { Db, Executor } from './index.ts'

export type Retention = {
  /** As operations.md calls it. */
  name: string
  /** How long after the moment that `remove` judges by a row is kept, in milliseconds. */
  keptMs: number
  /** Removes at most so many rows from before that moment (ms), by an index; how many it removed. */
  remove(db: Executor, before: number, most: number): Promise<number>
}

export type RetentionNeeds = {
  db: Pick<Db, 'write'>
  clock: Clock
  logger: Logger
  rows: readonly Retention[]
}

/** Short enough that nothing else waits long for its rows. */
const batchSize = 1_000
/** In one run; what is left waits for the next one, so that no kind of row holds up the others. */
const mostBatches = 50

/** Removes what is old. One kind of row that fails does not hold up the others. */
export const createRemoveOld =
  ({ db, clock, logger, rows }: RetentionNeeds) =>
  async (): Promise<void> => {
    for (const { name, keptMs, remove } of rows) {
      const before = clock.now() - keptMs
      try {
        for (let batch = 0; batch < mostBatches; batch++) {
          if ((await remove(db.write, before, batchSize)) < batchSize) break
        }
      } catch (error) {
        logger.warn({ err: error, rows: name }, 'old rows could not be removed')
      }
    }
  }
