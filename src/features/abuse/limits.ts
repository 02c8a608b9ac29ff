import type { Store } from '../../adapters/store/index.ts'
import type { Address } from '../../http/caller.ts'
import { Failure } from '../../protocol/errors.ts'

export type LimitsNeeds = {
  store: Store
  /** `[seconds, count]` by operation. */
  limits: Record<string, readonly [number, number]>
}

/** One sliding log for each operation and address; IPv6 counts by its /64. */
export const createLimits = ({ store, limits }: LimitsNeeds) => ({
  /** One trip. Throws TOO_OFTEN until the oldest call leaves the window. */
  check: async (operation: string, address: Address): Promise<void> => {
    const row = limits[operation] ?? limits.other
    if (!row) throw new Error(`no limit for ${operation}`)
    const [seconds, count] = row
    const waitMs = await store.pass(`limit:${operation}:${address.limitNetwork}`, seconds * 1_000, count)
    if (waitMs > 0) throw new Failure('TOO_OFTEN', { retryAfterSeconds: waitMs / 1_000 })
  },
})
