/** When a captcha is asked for, by the table `captcha.demand`. */
import type { Store } from '../../adapters/store/index.ts'
import type { Config } from '../../config/index.ts'
import type { AppCaller } from '../../http/caller.ts'
import type { Demanded } from './captcha.ts'
import type { Purpose } from './wire.ts'

export type Row = Config['captcha']['demand'][number]

/** Work gets at most 2 to the power of this times as hard. */
const hardest = 4

/** Doublings: the first when four times as many calls came as pass, and one more for each four times as many. */
export const levelOf = (count: number, free: number): number =>
  Math.min(hardest, Math.max(0, Math.floor(Math.log2((count + 1) / (free + 1)) / 2)))

/** What was counted; `login` is known to the caller alone. */
export type Counted = { network: number; login?: number }

const most = (one: Demanded | undefined, other: Demanded): Demanded =>
  !one || (other.kind === 'picture' && one.kind !== 'picture') || other.level > one.level ? other : one

/** The hardest of all rows that are met; undefined: none. */
export const judgeDemand = (
  { mode, demand }: Pick<Config['captcha'], 'mode' | 'demand'>,
  purpose: Purpose,
  counted: Counted,
): Demanded | undefined => {
  if (mode === 'never') return undefined
  const rows = demand.filter((row) => row.purpose === purpose)
  const met = rows.filter((row) => mode === 'always' || (counted[row.by] ?? 0) >= row.count)
  const demanded = met.reduce<Demanded | undefined>((hardest, row) => {
    const level = levelOf(counted[row.by] ?? 0, row.count)
    return most(hardest, { purpose, kind: row.kind, level })
  }, undefined)
  return demanded ?? (mode === 'always' ? { purpose, kind: 'work', level: 0 } : undefined)
}

/** Most networks that this process knows to be over their bound. */
const mostHot = 10_000

/** Calls of a network, counted in the store. */
export const createCounts = (
  store: Store,
  elapsed: () => number,
  { demand }: Pick<Config['captcha'], 'demand'>,
) => {
  const rowOf = (purpose: Purpose) => demand.find((row) => row.purpose === purpose && row.by === 'network')
  const keyOf = (purpose: Purpose, { address }: AppCaller) => `captcha-count:${purpose}:${address.network}`
  const hot = new Map<string, { count: number; until: number }>()

  /** Remembered here too, so that a login, of which most are right, costs no trip more. */
  const remember = (key: string, count: number, seconds: number) => {
    const [oldest] = hot.keys()
    if (hot.size >= mostHot && oldest !== undefined) hot.delete(oldest)
    hot.set(key, { count, until: elapsed() + seconds * 1_000 })
  }

  return {
    /** Counts one more, and how many there were before. */
    add: async (purpose: Purpose, caller: AppCaller): Promise<number> => {
      const row = rowOf(purpose)
      if (!row) return 0
      const key = keyOf(purpose, caller)
      const count = await store.increment(key, row.seconds * 1_000)
      if (count >= row.count) remember(key, count, row.seconds)
      return count - 1
    },
    read: async (purpose: Purpose, caller: AppCaller): Promise<number> =>
      rowOf(purpose) ? Number((await store.get(keyOf(purpose, caller))) ?? 0) : 0,
    /** What this process knows without asking: every process that counts a network learns the sum of all. */
    known: (purpose: Purpose, caller: AppCaller): number => {
      const found = hot.get(keyOf(purpose, caller))
      return found && found.until > elapsed() ? found.count : 0
    },
  }
}
