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
export const createLimits = ({ store, limits }: LimitsNeeds) => {
  const rowOf = (operation: string) => {
    const row = limits[operation] ?? limits.other
    if (!row) throw new Error(`no limit for ${operation}`)
    return { windowMs: row[0] * 1_000, count: row[1] }
  }

  const logsOf = (
    operation: string,
    count: number,
    { limitNetwork, block, site, family, scope }: Address,
  ) => {
    // One hash tag: in a cluster a script sees one slot.
    const logOf = (network: string, max: number) => ({
      network,
      key: `limit:{${site}}:${operation}:${network}`,
      max,
    })
    const factor = widerFactors[family]
    const wider = [logOf(block, count * factor.block), logOf(site, count * factor.site)]
    return {
      own: logOf(limitNetwork, count),
      wider: wider.filter(({ max }) => max > 0 && scope === 'public'),
    }
  }

  return {
    /** One trip. Throws TOO_OFTEN until the oldest call leaves the window. */
    check: async (operation: string, address: Address): Promise<void> => {
      const { windowMs, count } = rowOf(operation)
      const { own, wider } = logsOf(operation, count, address)
      const waitMs = await store.pass(own.key, windowMs, count, wider)
      if (waitMs > 0) throw new Failure('TOO_OFTEN', { retryAfterSeconds: waitMs / 1_000 })
    },
    /** Each log by itself, so that the caller learns which network waits. A trip for each, at the same time. */
    passEach: async (operation: string, address: Address): Promise<{ network: string; waitMs: number }[]> => {
      const { windowMs, count } = rowOf(operation)
      const { own, wider } = logsOf(operation, count, address)
      const pass = async ({ network, key, max }: typeof own) => ({
        network,
        waitMs: await store.pass(key, windowMs, max),
      })
      return Promise.all([own, ...wider.filter(({ network }) => network === address.site)].map(pass))
    },
  }
}
