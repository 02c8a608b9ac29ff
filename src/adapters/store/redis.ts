import { setTimeout as delay } from 'node:timers/promises'
import type { StoreConfig } from '../../config/index.ts'
import type { Recover, Store } from './index.ts'
import { createPassBook } from './pass-book.ts'
import { openRedisConnection } from './redis-connection.ts'
import { createRecovery } from './redis-recovery.ts'
import { createVerbs } from './redis-verbs.ts'

/** What is told about the connection. A pino logger fits. */
export type StoreLogger = Record<'info' | 'warn', (members: object, text: string) => void>

const retryMs = 100

/**
 * The store on one Redis (6.2 or newer), or on a Redis Cluster when `clusterNodes` names some.
 * Throws `Failure('STORE_UNREACHABLE')` if it is not ready in time.
 *
 * It reconnects by itself. While it is away, or back but not yet up to date, every verb fails at once.
 */
export async function openRedisStore(needs: {
  config: StoreConfig
  logger?: StoreLogger | undefined
  recover?: Recover | undefined
}): Promise<Store> {
  const { config, logger, recover = async () => {} } = needs
  const connection = await openRedisConnection(config)
  const { commandTimeoutMs } = config
  const life = { epoch: '' }
  const common = { connection, commandTimeoutMs, passBook: createPassBook(), life }
  const verbs = createVerbs({ ...common, checkOpen: () => {} })
  const bringUpToDate = createRecovery({ verbs, life, recover })

  let state: 'open' | 'away' | 'closed' = 'away'
  let connections = 0
  const open = async (connectionNumber: number) => {
    const isCurrent = () => connectionNumber === connections && state !== 'closed'
    await verbs.select()
    await bringUpToDate(isCurrent)
    if (isCurrent()) state = 'open'
  }

  connection.watch({
    away() {
      connections++
      if (state !== 'open') return
      state = 'away'
      logger?.warn({}, 'the store is away')
    },
    async back() {
      const mine = connections
      while (mine === connections && state === 'away') {
        await open(mine).then(
          () => state === 'open' && logger?.info({}, 'the store is back'),
          () => delay(retryMs),
        )
      }
    },
  })

  try {
    await open(connections)
  } catch (error) {
    connection.close()
    throw error
  }
  return createVerbs({
    ...common,
    connection: {
      ...connection,
      close() {
        state = 'closed'
        connection.close()
      },
    },
    checkOpen() {
      if (state !== 'open') throw new Error('it is away, or not yet up to date')
    },
  })
}
