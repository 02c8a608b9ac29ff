import { Cluster, Redis, type RedisCommander } from 'ioredis'
import type { StoreConfig } from '../../config.ts'
import { Failure } from '../../protocol/errors.ts'
import { readRedisOptions } from './redis-options.ts'

/** What is told about the connection. A pino logger fits. */
export type StoreLogger = Record<'info' | 'warn', (members: object, text: string) => void>

export type RedisConnection = {
  commands: RedisCommander
  isCluster: boolean
  /** Asks a cluster again where its keys live. */
  refresh(): void
  close(): void
}

const readyWithinMs = 5_000

/** Connects to the server or the cluster and waits until it takes commands. From then on it reconnects by itself. */
export async function openRedisConnection(needs: {
  config: StoreConfig
  logger?: StoreLogger | undefined
}): Promise<RedisConnection> {
  const { config, logger } = needs
  const { single, cluster, nodes } = await readRedisOptions(config)
  const client = nodes.length > 0 ? new Cluster(nodes, cluster) : new Redis(single)
  await waitUntilReady(client)
  // A cluster's client connects to a node with the first command, and refuses a second one until it is.
  if (client instanceof Cluster) await Promise.allSettled(client.nodes('master').map((node) => node.ping()))

  let state: 'ready' | 'away' | 'closed' = 'ready'
  client.on('close', () => {
    if (state !== 'ready') return
    state = 'away'
    logger?.warn({}, 'the store is away')
  })
  client.on('ready', () => {
    if (state !== 'away') return
    state = 'ready'
    logger?.info({}, 'the store is back')
  })

  return {
    commands: client,
    isCluster: client.isCluster,
    refresh() {
      if (client instanceof Cluster) client.refreshSlotsCache()
    },
    close() {
      state = 'closed'
      client.disconnect()
    },
  }
}

async function waitUntilReady(client: Redis | Cluster) {
  const reasons = new Set<string>()
  const remember = (error: Error) => reasons.add(error.message)
  client.on('error', remember)
  client.on('node error', remember)
  const isReady = await new Promise<boolean>((resolve) => {
    const timer = setTimeout(resolve, readyWithinMs, false)
    client.once('ready', () => {
      clearTimeout(timer)
      resolve(true)
    })
  })
  client.off('error', remember)
  client.off('node error', remember)
  // Without a listener ioredis prints each error; who asks the store gets it anyway.
  client.on('error', () => {})
  if (isReady) return
  client.disconnect()
  const why = [...reasons].join(', ') || 'no answer'
  throw new Failure('STORE_UNREACHABLE', {
    cause: new Error(`not ready within ${readyWithinMs / 1_000} s: ${why}`),
  })
}
