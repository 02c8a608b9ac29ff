/** `torii backup`: the database together with the key that opens it. */
import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Command } from 'commander'
import type { Db } from '../../src/adapters/db/index.ts'
import type { Config } from '../../src/config/index.ts'
import { type Context, describe, isEmbeddedDatabase } from '../console/context.ts'
import { fillFolder } from '../console/fill-folder.ts'
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

const writeKey = (folder: string, text: string) =>
  writeFileSync(join(folder, names.key), text, { mode: 0o600, flag: 'wx', flush: true })

const restoreEmbedded = ({ database, security }: Config) => [
  'To restore: stop the server; put torii.sqlite in the place of',
  `  ${database.file}, and remove the files beside it that end in -wal and -shm;`,
  `  put server.key in the place of ${security.keyFile}; start the server.`,
]

const warning =
  'With both, every account can be read: keep them safe, best in two places. The configuration is not in it.'

type Made = { data: object; lines: string[] }
type Target = { folder: string; draft: string; key: { text: string; fingerprint: string } }

const backUpEmbedded = async (config: Config, { folder, draft, key }: Target): Promise<Made> => {
  const { copySqlite } = await import('../../src/adapters/db/backup-sqlite.ts')
  const { file, tables } = config.database
  const bytes = await copySqlite({ file, to: join(draft, names.database), table: tables.migrations })
  // After the database: this key opens everything that is sealed in the copy.
  writeKey(draft, key.text)
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

const backUpMysql = async (config: Config, { folder, draft, key }: Target, db: Db): Promise<Made> => {
  const { composeDumpCommand } = await import('../console/dump-command.ts')
  const primary = (await db.health()).find(({ role, problem }) => role === 'write' && problem === '')
  if (!primary) throw new Refusal('no host of database.write answers: "torii doctor" tells more')
  const command = composeDumpCommand(primary, config.database, join(folder, names.dump))
  writeKey(draft, key.text)
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
    const backUp = isEmbeddedDatabase(config) ? backUpEmbedded : backUpMysql
    const { data, lines } = await fillFolder(folder, (draft) => backUp(config, { folder, draft, key }, db))
    const remarks = await context.recordEvent('backup.made', { folder })
    context.print(data, [...lines, ...remarks])
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
