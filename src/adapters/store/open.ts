import type { StoreConfig } from '../../config/index.ts'
import type { Clock } from '../clock.ts'
import type { Recover, Store } from './index.ts'
import { createMemoryStore } from './memory.ts'
import type { StoreLogger } from './redis.ts'

/** The store that the configuration names: Redis by `url` or `clusterNodes`, else memory of this process. */
export async function openStore(needs: {
  config: StoreConfig
  clock: Clock
  logger?: StoreLogger | undefined
  recover?: Recover | undefined
  /** Beginnings of keys that the store in memory has room for when it is full. */
  reserved?: readonly string[]
}): Promise<Store> {
  const { config, clock, logger, recover, reserved = [] } = needs
  if (!config.url && config.clusterNodes.length === 0)
    return createMemoryStore({ maxKeys: config.memoryMaxKeys, clock, reserved })
  const { openRedisStore } = await import('./redis.ts')
  return openRedisStore({ config, logger, recover })
}
