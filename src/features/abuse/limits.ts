import type { Store } from '../../adapters/store/index.ts'
import type { Address } from '../../http/caller.ts'
import { Failure } from '../../protocol/errors.ts'

export type LimitsNeeds = {
  store: Store
  /** `[seconds, count]` by operation. */
  limits: Record<string, readonly [number, number]>
}

export const reservedLimitKeys = ['limit:']

/**
 * How many times a limit the networks around an address may use together: who has a /48 has 65,536 /64s. Around an
 * IPv4 address are other people, so there the factor is wide.
 */
const widerFactors = { ipv6: { block: 4, site: 12 }, ipv4: { block: 0, site: 64 } } as const

/** One sliding log for each operation and address; IPv6 counts by its /64. Around it are logs of wider networks. */
export const createLimits = ({ store, limits }: LimitsNeeds) => ({
  /** One trip. Throws TOO_OFTEN until the oldest call leaves the window. */
  check: async (operation: string, address: Address): Promise<void> => {
    const row = limits[operation] ?? limits.other
    if (!row) throw new Error(`no limit for ${operation}`)
    const [seconds, count] = row
    const { limitNetwork, block, site, family, scope } = address
    // One hash tag: in a cluster a script sees one slot.
    const keyOf = (network: string) => `limit:{${site}}:${operation}:${network}`
    const factor = widerFactors[family]
    const wider = [
      { key: keyOf(block), max: count * factor.block },
      { key: keyOf(site), max: count * factor.site },
    ].filter(({ max }) => max > 0 && scope === 'public')
    const waitMs = await store.pass(keyOf(limitNetwork), seconds * 1_000, count, wider)
    if (waitMs > 0) throw new Failure('TOO_OFTEN', { retryAfterSeconds: waitMs / 1_000 })
  },
})
