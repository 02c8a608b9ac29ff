/** A raised bcrypt cost, for an administrator: how far it is, and its end. */
import type { Clock } from '../../../adapters/clock.ts'
import type { Db } from '../../../adapters/db/index.ts'
import type { RecordAudit } from '../../audit/api.ts'
import type { RecordChange } from '../../change-log/api.ts'
import type { Costs, MoveCostPin } from '../../settings/api.ts'
import { countLeftBehind, countMoved, type MoveCounts, swapBatch } from './repo.ts'

export type RaiseNeeds = {
  db: Db
  clock: Clock
  moveCostPin: MoveCostPin
  readCosts(): Promise<Costs>
  recordAudit: RecordAudit
  recordChange: RecordChange
}

export type RaiseStatus = Costs & MoveCounts & { leftBehind: number }

export type FinishOptions = {
  /** Called once the new cost counts: lets every process notice it. */
  wait(): Promise<unknown>
  /** Called after each batch, with how many have taken their places so far. */
  tell?(swapped: number): void
}

const dayMs = 24 * 3_600_000
export const lookBackDays = 30
const batchRows = 500
/** Counted by one statement, which takes a tenth of a second with as many as that. */
const pageRows = 5_000

export const createRaise = (needs: RaiseNeeds) => {
  const { db, clock, readCosts, moveCostPin, recordAudit, recordChange } = needs

  const countAllMoved = async (cost: number): Promise<MoveCounts> => {
    const all = { logins: 0, moved: 0, waiting: 0 }
    let after: Buffer | null = Buffer.alloc(0)
    while (after) {
      const { last, ...page }: Awaited<ReturnType<typeof countMoved>> = await countMoved(db.write, cost, {
        after,
        most: pageRows,
      })
      for (const name of Object.keys(all) as (keyof MoveCounts)[]) all[name] += page[name]
      after = last
    }
    return all
  }

  const countAllLeftBehind = async (cost: number): Promise<number> => {
    const since = clock.now() - lookBackDays * dayMs
    let after: number | null = 0
    let all = 0
    while (after !== null) {
      const page: Awaited<ReturnType<typeof countLeftBehind>> = await countLeftBehind(
        db.write,
        { cost, since },
        { after, most: pageRows },
      )
      all += page.count
      after = page.last
    }
    return all
  }

  const status = async (): Promise<RaiseStatus> => {
    const costs = await readCosts()
    const target = costs.nextCost || costs.cost
    const isRaised = costs.nextCost > 0 || costs.previousCost > 0
    const counts = await countAllMoved(target)
    const leftBehind = isRaised ? await countAllLeftBehind(target) : 0
    return { ...costs, ...counts, leftBehind }
  }

  const endRaise = ({ cost: from, nextCost: to }: Costs) =>
    db.transaction(async (trx) => {
      if (!(await moveCostPin(trx, { from, to }))) return
      await recordAudit(trx, { kind: 'password.cost-raised', detail: { from: String(from), to: String(to) } })
      await recordChange(trx, 'password-cost', '')
    })

  /** May be called again after it was interrupted: it goes on where it was. */
  const finish = async ({ wait, tell }: FinishOptions): Promise<{ cost: number; swapped: number }> => {
    const costs = await readCosts()
    if (costs.nextCost > 0) await endRaise(costs)
    await wait()
    const cost = costs.nextCost || costs.cost
    let [after, swapped]: [Buffer, number] = [Buffer.alloc(0), 0]
    for (;;) {
      const batch = await swapBatch(db, { cost, after, most: batchRows, nowMs: clock.now() })
      if (!batch) return { cost, swapped }
      after = batch.last
      swapped += batch.swapped
      tell?.(swapped)
    }
  }

  return { status, finish }
}
