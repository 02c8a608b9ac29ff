/** A server on a primary and two replicas of its own, with the timeouts that production has. */
import { findFreePort, type Mariadb, startPrimaryAndReplica, startReplica } from '../../tools/test/harness.ts'
import { createJsonCaller, inLoops, patiently } from '../harness/callers.ts'
import { createDevice, type Device, randomName } from '../harness/devices.ts'
import {
  type Environment,
  openShared,
  provisionDevice,
  spawnServer,
  testServers,
} from '../harness/test-server.ts'
import type { History } from './history.ts'
import { spawnTimed } from './slowness.ts'

/** Undoes what `openShared` changes for busy machines. */
export const databaseDefaults: Environment = {
  TORII__DATABASE__QUERY_TIMEOUT_MS: '2000',
  TORII__DATABASE__WAIT_TIMEOUT_MS: '1000',
  TORII__DATABASE__CONNECT_TIMEOUT_MS: '1000',
  // All of a test's writers run: what they meet is the database, not the line before it.
  TORII__SERVER__MAX_WRITES_AT_ONCE: '100',
}

export const queueLimit = 20
const deviceCount = 6_000

const startServers = async () => {
  const { folder } = testServers()
  const { primary, replica } = await startPrimaryAndReplica({ folder })
  return { primary, replicas: [replica, await startReplica({ folder, serverId: 3, primary })] as const }
}

export const openReplicated = async (t: { teardown(end: () => unknown): void }) => {
  const { primary, replicas } = await startServers()
  t.teardown(() => Promise.all([primary, ...replicas].map((one) => one.stop())))
  const metricsPort = await findFreePort()
  const shared = await openShared({}, { primary, replicas })
  t.teardown(() => shared.close())
  const { app } = shared
  const caller = createJsonCaller({ app, connections: 60 })

  // Made by a process that ends: the next one has none of it in its cache.
  const maker = await spawnServer(shared.environment)
  const devices: Device[] = []
  await inLoops(
    10,
    async () => devices.push(createDevice(await provisionDevice(maker.send, app))) < deviceCount,
  )
  await maker.stop()
  const { server, slowness } = await spawnTimed({
    ...shared.environment,
    ...databaseDefaults,
    TORII__DATABASE__QUEUE_LIMIT: String(queueLimit),
    TORII__METRICS__ENABLED: 'true',
    TORII__METRICS__PORT: String(metricsPort),
  })
  t.teardown(async () => {
    caller.close()
    await server.stop()
  })
  return {
    ...shared,
    slowness,
    primary,
    replicas,
    server,
    caller,
    devices,
    fresh: devices[Symbol.iterator](),
    metricsPort,
  }
}

export type Replicated = Awaited<ReturnType<typeof openReplicated>>

/** What replicas may answer: the first call of a device, of which each is there for one. */
export const createReader = ({ server, fresh }: Replicated, history: History) => {
  return () => {
    const device = fresh.next().value
    if (!device) throw new Error('every device has called: make more of them')
    return history.call({ process: server.url, operation: 'read', input: device.t }, () =>
      patiently(device.call(server, '/v1/echo', { n: randomName() })),
    )
  }
}

/** Statements with parameters that a server has answered; replication and what the tests ask have none. */
export const countExecuted = async ({ asRoot }: Mariadb): Promise<number> => {
  const [row] = await asRoot("SHOW GLOBAL STATUS LIKE 'Com_stmt_execute'")
  return Number(row?.Value)
}

/** Calls that wait for a connection to the database; NaN when no metric tells. */
export const readWaiting = async (metricsPort: number): Promise<number> => {
  const text = await (await fetch(`http://127.0.0.1:${metricsPort}/metrics`)).text()
  const rows = [...text.matchAll(/^torii_database_pool_waiting\{[^}]*\} (\d+)/gm)]
  return rows.length === 0 ? Number.NaN : Math.max(...rows.map(([, count]) => Number(count)))
}
