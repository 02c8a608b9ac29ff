/** Removes what this server keeps in a Redis or a Cluster, and nothing of others. */
import type { Redis } from 'ioredis'
import type { StoreConfig } from '../../config/index.ts'
import { openRedisConnection } from './redis-connection.ts'

/** Keys listed in one step; the store serves others in between. */
const pageLength = 1_000
const commandTimeoutMs = 5_000

async function* listKeys(node: Redis, pattern: string) {
  let cursor = '0'
  do {
    const [next, keys] = await node.scan(cursor, 'MATCH', pattern, 'COUNT', pageLength)
    yield keys
    cursor = next
  } while (cursor !== '0')
}

/** In one trip; each key by itself, since keys of a Cluster do not share a slot. */
const removeKeys = async (node: Redis, keys: readonly string[]) => {
  const pipeline = node.pipeline()
  for (const key of keys) pipeline.del(key)
  for (const [error] of (await pipeline.exec()) ?? []) if (error) throw error
}

/**
 * Returns how many keys were removed. SKeys go first: one must not outlive the gate that ended it. `kept` are keys that
 * stay, though they begin with the prefix.
 */
export const clearRedis = async (
  config: StoreConfig,
  { kept, tell }: { kept: readonly string[]; tell(removed: number): void },
): Promise<number> => {
  const connection = await openRedisConnection({ ...config, keyPrefix: '', commandTimeoutMs })
  let removed = 0
  try {
    for (const kind of ['skey:*', '*'])
      for (const node of connection.nodes())
        for await (const keys of listKeys(node, config.keyPrefix + kind)) {
          const own = keys.filter((key) => !kept.includes(key))
          await removeKeys(node, own)
          removed += own.length
          tell(removed)
        }
    return removed
  } finally {
    connection.close()
  }
}
