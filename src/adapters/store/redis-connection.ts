import { Cluster, Redis, type RedisCommander } from 'ioredis'
import type { StoreConfig } from '../../config/index.ts'
import { Failure } from '../../protocol/errors.ts'
import { readRedisOptions } from './redis-options.ts'

/** Undefined until what was asked in this turn of the event loop has been sent. */
export type Turn = { sentAt: number | undefined }

export type RedisConnection = {
  commands: RedisCommander
  isCluster: boolean
  /** The server, or each master of a cluster: keys are listed node by node. */
  nodes(): Redis[]
  /** The commands of one turn of the event loop leave together, at its end: call it before each. */
  gather(): Turn
  /** Selects the database of the URL again; fails when the server refuses it. A cluster has one database only. */
  select(): Promise<unknown>
  /** Asks a cluster again where its keys live. */
  refresh(): void
  /** From now on the client tells when it takes no commands any more, and when it does again. */
  watch(events: { away(): void; back(): void }): void
  close(): void
}

const readyWithinMs = 5_000

/** Connects to the server or the cluster and waits until it takes commands. From then on it reconnects by itself. */
export async function openRedisConnection(config: StoreConfig): Promise<RedisConnection> {
  const { single, cluster, nodes } = await readRedisOptions(config)
  const client = nodes.length > 0 ? new Cluster(nodes, cluster) : new Redis(single)
  await waitUntilReady(client)
  // A cluster's client connects to a node with the first command, and refuses a second one until it is.
  if (client instanceof Cluster) await Promise.allSettled(client.nodes('master').map((node) => node.ping()))

  return {
    commands: client,
    isCluster: client.isCluster,
    nodes: () => (client instanceof Cluster ? client.nodes('master') : [client]),
    gather: createGather(client),
    select: async () => {
      if (client instanceof Redis && single.db !== 0) await client.select(single.db)
    },
    refresh() {
      if (client instanceof Cluster) client.refreshSlotsCache()
    },
    watch({ away, back }) {
      client.on('close', away)
      client.on('ready', back)
    },
    close() {
      client.disconnect()
    },
  }
}

/**
 * A write of its own for each command is what costs most. The client's own pipelines hold what comes next until the
 * last answers are there, and with it all that waits: 40 MB more under load. To a cluster only they can be had.
 */
function createGather(client: Redis | Cluster) {
  let turn: Turn | undefined
  return () => {
    if (turn) return turn
    const mine: Turn = { sentAt: undefined }
    turn = mine
    const stream = client instanceof Cluster ? undefined : client.stream
    stream?.cork()
    setImmediate(() => {
      turn = undefined
      stream?.uncork()
      mine.sentAt = performance.now()
    })
    return mine
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
  // Without a listener ioredis prints each error; the caller of the store gets it anyway.
  client.on('error', () => {})
  if (isReady) return
  client.disconnect()
  const why = [...reasons].join(', ') || 'no answer'
  throw new Failure('STORE_UNREACHABLE', {
    cause: new Error(`not ready within ${readyWithinMs / 1_000} s: ${why}`),
  })
}
