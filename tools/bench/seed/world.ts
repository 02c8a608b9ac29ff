/** Two Toriis on one MariaDB: one with few users, one with many. */
import { createMigrator } from '../../../src/adapters/db/migrate.ts'
import { loadConfig } from '../../../src/config/load.ts'
import { type Mariadb, startMariadb, startRedis } from '../../test/harness.ts'
import { installMissing } from '../../test/install.ts'
import type { Cores } from '../cores.ts'
import { createMaker, makeMany } from '../population.ts'
import { someClientHash } from '../sources.ts'
import { startTorii, type Torii } from '../torii.ts'
import type { Closing } from '../world.ts'
import { type LoadedTable, loadSeed } from './load.ts'
import type { Actor, Side } from './rows.ts'
import { type SeedSizes, userName } from './tables.ts'

export type SeedOptions = SeedSizes & {
  /** How much memory MariaDB has for pages, in MB. */
  poolMb: number
}

export type SeededTorii = { name: 'few' | 'many'; torii: Torii; side: Side; loaded: LoadedTable[] }

const fewUsers = 10_000
const actorCount = 1_000

/** Without a binary log: nothing follows it, and loading would be half of it. */
const startLarge = (folder: string, poolMb: number) =>
  startMariadb({
    folder,
    serverId: 1,
    args: [
      '--skip-log-bin',
      `--innodb-buffer-pool-size=${poolMb}M`,
      '--innodb-log-file-size=1G',
      // Sorting and joining while tables are loaded.
      '--tmp-table-size=256M',
      '--max-heap-table-size=256M',
    ],
  })

const createSide = async (torii: Torii, users: number): Promise<Side> => {
  const { logIn } = createMaker(torii)
  const draw = () => 1 + Math.floor(Math.random() * users)
  const actors = await makeMany(Math.min(actorCount, users), async (): Promise<Actor> => {
    const n = draw()
    return { n, ...(await logIn({ login: userName(n), clientHash: someClientHash })) }
  })
  return { app: torii.app, users, actors, draw }
}

/** The database of many users: migrated, with the apps of the other, and empty. */
const migrate = async (server: Mariadb, database: string) => {
  const { host, port, user, password } = server
  await server.asRoot(`CREATE DATABASE ${database} CHARACTER SET utf8mb4 COLLATE utf8mb4_bin`)
  const entries = Object.entries({ host, port, user, password, database })
  const environment = entries.map(([key, value]) => [
    `TORII__DATABASE__WRITE__0__${key.toUpperCase()}`,
    String(value),
  ])
  await createMigrator({ config: loadConfig(Object.fromEntries(environment)).database }).up()
}

export const startSeeded = async (
  plan: { options: SeedOptions; cores: Cores | undefined; folder: string; say(line: string): void },
  closing: Closing,
): Promise<SeededTorii[]> => {
  const { options, cores, folder, say } = plan
  installMissing(['mariadb', 'redis'])
  const primary = await startLarge(folder, options.poolMb)
  closing.push(primary.stop)
  const redis = await startRedis({ folder })
  closing.push(redis.stop)
  for (const database of ['torii_few', 'torii_many']) await migrate(primary, database)

  const start = async (name: 'few' | 'many', known?: Torii) => {
    const databases = { primary, redis, database: `torii_${name}` }
    const own = { name, folder, core: cores?.server, databases }
    const torii = await startTorii(known ? { ...own, known } : own)
    closing.push(torii.stop)
    return torii
  }
  const few = await start('few')
  const { userId } = await createMaker(few).makeUser(0)
  const load = (name: 'few' | 'many', sizes: SeedSizes) =>
    loadSeed({ server: primary, from: { database: 'torii_few', userId }, to: `torii_${name}`, sizes, say })
  const fewSizes = {
    users: Math.min(fewUsers, options.users),
    relations: Math.round((options.relations / options.users) * Math.min(fewUsers, options.users)),
  }
  const loadedMany = await load('many', options)
  const loadedFew = await load('few', fewSizes)
  const many = await start('many', few)
  return [
    { name: 'few', torii: few, side: await createSide(few, fewSizes.users), loaded: loadedFew },
    { name: 'many', torii: many, side: await createSide(many, options.users), loaded: loadedMany },
  ]
}
