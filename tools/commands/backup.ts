/** `torii backup`: the database together with the key that opens it. */
import { chmodSync, existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Command } from 'commander'
import type { Db } from '../../src/adapters/db/index.ts'
import type { Config } from '../../src/config/index.ts'
import { type Context, describe, isEmbeddedDatabase } from '../console/context.ts'
import { Refusal } from '../console/refusal.ts'
import { alignFields } from '../console/text.ts'

const names = { database: 'torii.sqlite', dump: 'torii.sql', key: 'server.key' } as const

/** The text of the key; a key that does not belong to the database would be a backup of nothing. */
const readKey = async (config: Config, db: Db) => {
  const { security } = config
  const { parseServerKey } = await import('../../src/adapters/server-key.ts')
  const { readPins } = await import('../doctor/server-key.ts')
  if (!security.serverKey && !existsSync(security.keyFile)) {
    throw new Refusal(`there is no server key at ${security.keyFile}, and without it a backup is of no use`)
  }
  const text = security.serverKey || readFileSync(security.keyFile, 'utf8')
  const { fingerprint } = parseServerKey(text)
  const pins = await readPins(db, config).catch(() => [])
  const pinned = pins.find(({ name }) => name === 'pin.serverKey')?.found
  if (pinned !== undefined && pinned !== fingerprint) {
    throw new Refusal(`the server key is not the one of this database (${pinned}): nothing was backed up`)
  }
  return { text, fingerprint }
}

/** Makes the folder, or takes an empty one: nothing is ever written over an older backup. */
const prepareFolder = (folder: string): boolean => {
  const isNew = mkdirSync(folder, { recursive: true, mode: 0o700 }) !== undefined
  if (readdirSync(folder).length > 0) {
    throw new Refusal(
      `${folder} is not empty: name a new folder, such as ${folder}/${new Date().toISOString().slice(0, 10)}`,
    )
  }
  chmodSync(folder, 0o700)
  return isNew
}

const writeKey = (folder: string, text: string) =>
  writeFileSync(join(folder, names.key), text, { mode: 0o600, flag: 'wx', flush: true })

const restoreEmbedded = ({ database, security }: Config) => [
  'To restore: stop the server; put torii.sqlite in the place of',
  `  ${database.file}, and remove the files beside it that end in -wal and -shm;`,
  `  put server.key in the place of ${security.keyFile}; start the server.`,
]

const warning =
  'A thief of both can read every account: keep them safe, best in two places. The configuration is not in it.'

const backUpEmbedded = async (config: Config, folder: string, key: { text: string; fingerprint: string }) => {
  const { copySqlite } = await import('../../src/adapters/db/backup-sqlite.ts')
  const bytes = await copySqlite({ file: config.database.file, to: join(folder, names.database) })
  // After the database: whatever was sealed in it, this key opens.
  writeKey(folder, key.text)
  return {
    data: { folder, database: names.database, bytes, key: names.key, fingerprint: key.fingerprint },
    lines: [
      ...alignFields({
        folder,
        [names.database]: `${bytes} bytes, whole and sound`,
        [names.key]: `fingerprint ${key.fingerprint}`,
      }),
      warning,
      ...restoreEmbedded(config),
    ],
  }
}

const backUpMysql = async (
  config: Config,
  folder: string,
  key: { text: string; fingerprint: string },
  db: Db,
) => {
  const { composeDumpCommand } = await import('../console/dump-command.ts')
  const primary = (await db.health()).find(({ role, problem }) => role === 'write' && problem === '')
  if (!primary) throw new Refusal('no host of database.write answers: "torii doctor" tells more')
  const command = composeDumpCommand(primary, config.database, join(folder, names.dump))
  writeKey(folder, key.text)
  return {
    data: { folder, key: names.key, fingerprint: key.fingerprint, command },
    lines: [
      ...alignFields({ folder, [names.key]: `fingerprint ${key.fingerprint}` }),
      'The database is not in it yet. Run this; it asks for the password of the database user:',
      '',
      command,
      '',
      warning,
    ],
  }
}

const run = async (context: Context, destination: string) => {
  const config = await context.readConfig()
  context.checkFile(config)
  const { openDb } = await import('../../src/adapters/db/open.ts')
  // Without asking for migrations: before they run is the time for a backup.
  const db = await openDb({ config: config.database })
  try {
    const key = await readKey(config, db)
    const folder = context.resolvePath(destination)
    const isNew = prepareFolder(folder)
    try {
      const work = isEmbeddedDatabase(config) ? backUpEmbedded : backUpMysql
      const { data, lines } = await work(config, folder, key, db)
      context.print(data, lines)
    } catch (error) {
      for (const name of Object.values(names)) rmSync(join(folder, name), { force: true })
      if (isNew) rmSync(folder, { recursive: true, force: true })
      throw error
    }
  } finally {
    await db.close()
  }
}

export const register = (program: Command, context: Context) => {
  describe(
    program.command('backup'),
    'Copies the database, or tells how, and the key',
    'torii backup /var/backups/torii/2030-01-31',
  )
    .description(
      'Copies the server key and the embedded database, also while a server uses it. ' +
        'For MySQL and MariaDB: the key, and the command that dumps the database.',
    )
    .argument('<folder>', 'a new or empty folder')
    .action((folder: string) => run(context, folder))
}
