/** Running servers that the command line is used beside. */
import type { Db } from '../../src/adapters/db/index.ts'
import { openDb } from '../../src/adapters/db/open.ts'
import { loadConfig } from '../../src/config/load.ts'
import {
  type Environment,
  embeddedEnvironment,
  openShared,
  type ServerProcess,
  spawnServer,
} from '../harness/test-server.ts'
import { type App, createFolder, createTorii, type Torii } from '../tools/torii-process.ts'

export type World = { servers: ServerProcess[]; app: App; torii: Torii; db: Db; environment: Environment }

export const openEmbedded = async (t: Tap): Promise<World> => {
  const environment = embeddedEnvironment(createFolder(t))
  const server = await spawnServer(environment)
  const db = await openDb({ config: loadConfig(environment).database })
  t.teardown(async () => {
    await db.close()
    await server.stop()
  })
  if (!server.app) throw new Error('no demo app')
  return { servers: [server], app: server.app, torii: createTorii(environment), db, environment }
}

export const openMariadb = async (t: Tap): Promise<World> => {
  const shared = await openShared()
  const { environment, app, db } = shared
  const servers = await Promise.all([spawnServer(environment), spawnServer(environment)])
  t.teardown(async () => {
    await Promise.all(servers.map((server) => server.stop()))
    await shared.close()
  })
  return { servers, app, torii: createTorii(environment), db, environment }
}

export type Tap = { teardown(end: () => unknown): void; comment(text: string): void }

export const hasServers = JSON.parse(process.env.TORII_TEST_SERVERS ?? '{}').primary !== undefined
export const worlds: readonly (readonly [name: string, open: (t: Tap) => Promise<World>])[] = [
  ['SQLite', openEmbedded],
  ...(hasServers ? ([['MariaDB and Redis, two processes', openMariadb]] as const) : []),
]
