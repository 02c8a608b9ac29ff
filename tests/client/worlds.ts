/** The engines that a client is tried against, each with an app of the test's own. */
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Db } from '../../src/adapters/db/index.ts'
import { createMigrator } from '../../src/adapters/db/migrate.ts'
import { openDb } from '../../src/adapters/db/open.ts'
import { createAdmin } from '../../src/admin.ts'
import { loadConfig } from '../../src/config/load.ts'
import { type Environment, embeddedEnvironment, openShared } from '../harness/test-server.ts'

export type World = {
  environment: Environment
  app: { appId: string; appSecret: string }
  admin: ReturnType<typeof createAdmin>
  db: Db
  close(): Promise<void>
}

/** The embedded engines, with the verbs of the command line on the same file. */
export const openEmbedded = async (more: Environment = {}): Promise<World> => {
  const folder = await mkdtemp(join(tmpdir(), 'torii-test-'))
  const environment = { ...embeddedEnvironment(folder), ...more }
  const config = loadConfig(environment)
  await createMigrator({ config: config.database }).up()
  const db = await openDb({ config: config.database })
  const admin = createAdmin({ db, config })
  return {
    environment,
    db,
    admin,
    app: await admin.apps.add({ name: 'test' }),
    close: async () => {
      await db.close()
      await rm(folder, { recursive: true, force: true })
    },
  }
}

const isEmbeddedOnly = JSON.parse(process.env.TORII_TEST_SERVERS ?? '{}').primary === undefined

export const worlds: { name: string; open(more?: Environment): Promise<World> }[] = [
  { name: 'SQLite and memory', open: openEmbedded },
  ...(isEmbeddedOnly ? [] : [{ name: 'MariaDB and Redis', open: openShared }]),
]
