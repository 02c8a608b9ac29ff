import { Redis } from 'ioredis'
import type { Test } from 'tap'
import { openRedisStore } from '../../src/adapters/store/redis.ts'
import type { StoreConfig } from '../../src/config/index.ts'
import { Failure } from '../../src/protocol/errors.ts'
import { isReady, type Redis as Server, startRedis } from '../../tools/test/harness.ts'
import { watchLateness } from '../faults/machine.ts'
import { until } from './store-contract.ts'

/** Two busy cores answer later than production; only the tests of faults ask for less. */
export const storeConfig: StoreConfig = {
  url: '',
  clusterNodes: [],
  tlsCaFile: '',
  keyPrefix: 'torii:',
  commandTimeoutMs: 2_000,
  memoryMaxKeys: 1_000_000,
}

export const openFor = (
  more: Partial<StoreConfig>,
  logger?: Parameters<typeof openRedisStore>[0]['logger'],
) => openRedisStore({ config: { ...storeConfig, ...more }, logger })

/** How long the call takes to fail in the way of the store; -1 if it does not fail. */
export async function timeToFail(t: Test, call: Promise<unknown>) {
  const start = performance.now()
  const error = await call.then(
    () => undefined,
    (error) => error,
  )
  if (error && error.entry?.name !== 'STORE_UNREACHABLE') t.match(error, new Failure('STORE_UNREACHABLE'))
  return error ? performance.now() - start : -1
}

/** How long until the call does not fail any more, without what this process was late itself. */
export async function timeToReturn(t: Test, call: () => Promise<unknown>) {
  const lateness = watchLateness()
  const tookMs = await until(async () => (await timeToFail(t, call())) < 0)
  const lateMs = lateness.sumMs()
  lateness.end()
  return tookMs - lateMs
}

export type Words = [string, ...(string | number)[]]

/** One command by a connection of its own. */
export async function command(url: string, ...words: Words): Promise<unknown> {
  const client = new Redis(url, { lazyConnect: true, retryStrategy: () => null })
  client.on('error', () => {})
  try {
    await client.connect()
    return await client.call(...words)
  } finally {
    client.disconnect()
  }
}

/** What is left of the life of all keys with this prefix. */
export async function listLives(url: string, keyPrefix: string) {
  const client = new Redis(url)
  const lives: number[] = []
  for await (const keys of client.scanStream({ match: `${keyPrefix}*`, count: 500 }))
    lives.push(...(await Promise.all((keys as string[]).map((key) => client.pttl(key)))))
  client.disconnect()
  // A key may end between the two.
  return lives.filter((life) => life !== -2)
}

/** Three masters that share the slots. */
export async function startCluster(folder: string) {
  const args = ['--cluster-enabled', 'yes', '--cluster-node-timeout', '1000']
  const start = () => startRedis({ folder, args: [...args, '--cluster-require-full-coverage', 'no'] })
  const servers = await Promise.all([start(), start(), start()])
  const [first] = servers
  const shares = [
    [0, 5_460],
    [5_461, 10_922],
    [10_923, 16_383],
  ] as const
  for (const [place, [from, to]] of shares.entries()) {
    const server = servers[place] as Server
    await command(server.url, 'CLUSTER', 'ADDSLOTSRANGE', from, to)
    await command(server.url, 'CLUSTER', 'MEET', first.host, first.port)
  }
  for (const { url } of servers)
    await isReady(async () => {
      const slots = (await command(url, 'CLUSTER', 'SLOTS')) as unknown[]
      const info = String(await command(url, 'CLUSTER', 'INFO'))
      if (slots.length < 3 || !info.includes('cluster_state:ok')) throw new Error(info)
    })
  return servers
}

/** Moves the slot of this key, with all that is in it, to another node. */
export async function moveSlot(servers: readonly Server[], key: string) {
  const nodes = await Promise.all(
    servers.map(async ({ host, port, url }) => {
      const run = (...words: Words) => command(url, ...words)
      const slot = Number(await run('CLUSTER', 'KEYSLOT', key))
      const keys = (await run('CLUSTER', 'GETKEYSINSLOT', slot, 1_000)) as string[]
      return { host, port, run, slot, keys, id: String(await run('CLUSTER', 'MYID')) }
    }),
  )
  const from = nodes.find(({ keys }) => keys.includes(key))
  const to = nodes.find((node) => node !== from)
  if (!from || !to) throw new Error(`nobody has ${key}`)
  await to.run('CLUSTER', 'SETSLOT', from.slot, 'IMPORTING', from.id)
  await from.run('CLUSTER', 'SETSLOT', from.slot, 'MIGRATING', to.id)
  await from.run('MIGRATE', to.host, to.port, '', 0, 1_000, 'KEYS', ...from.keys)
  await to.run('CLUSTER', 'SETSLOT', from.slot, 'NODE', to.id)
  await from.run('CLUSTER', 'SETSLOT', from.slot, 'NODE', to.id)
}
