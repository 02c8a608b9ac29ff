import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import t from 'tap'
import { ConfigSchema } from '../src/config/index.ts'
import { checkFile, readOwners } from './architecture/rules.ts'

const root = fileURLToPath(new URL('.', import.meta.resolve('#root/package.json')))
const read = (path: string) => readFileSync(join(root, path), 'utf8')

const sources = ['src', 'tools'].flatMap((folder) =>
  readdirSync(join(root, folder), { recursive: true, encoding: 'utf8' })
    .filter((name) => name.endsWith('.ts'))
    .map((name) => `${folder}/${name.replaceAll('\\', '/')}`),
)
const owners = new Map(sources.flatMap((path) => readOwners(path, read(path))))

t.test('every file of src and tools keeps the rules of the architecture', async (t) => {
  t.ok(
    sources.includes('src/config/index.ts') && sources.includes('tools/test/run.ts'),
    'the files are found',
  )
  const broken = sources.flatMap((path) => checkFile({ path, text: read(path), owners }))
  t.same(broken, [], 'no rule is broken')
})

t.test('every table of the configuration has one owner', async (t) => {
  const { database, words } = ConfigSchema.properties
  // The word lists may have a database of their own.
  const sections = [database.properties.tables, words.properties.database.properties.tables]
  const tables = sections.flatMap(({ properties }) => Object.keys(properties))
  // The migrations belong to the adapter.
  t.same([...owners.keys(), 'migrations'].sort(), tables.sort())
  t.equal(owners.get('logins'), 'tickets')
})

t.test('no folder has a name that says nothing', async (t) => {
  const folders = ['src', 'tools', 'tests'].flatMap((folder) =>
    readdirSync(join(root, folder), { recursive: true, withFileTypes: true })
      .filter((entry) => entry.isDirectory())
      .map((entry) => entry.name),
  )
  t.same(
    folders.filter((name) => /^(utils?|helpers?|common|misc|lib)$/.test(name)),
    [],
  )
})

const longText = 'x()\n'.repeat(301)

/** Small files that break a rule, and a piece of what has to be said of them. */
const bad: [path: string, text: string, says: string][] = [
  ['src/protocol/a.ts', "import { createHash } from 'node:crypto'", ':1 imports node:crypto: protocol may'],
  ['src/protocol/a.ts', "import fastify from 'fastify'", 'imports fastify: protocol may'],
  [
    'src/protocol/a.ts',
    "import type { Db } from '../adapters/db/index.ts'",
    'imports src/adapters/db/index.ts',
  ],
  ['src/adapters/a.ts', "\nimport type { Caller } from '../http/caller.ts'", ':2 imports src/http/caller.ts'],
  [
    'src/adapters/a.ts',
    "import type { App } from '../features/apps/repo.ts'",
    'imports src/features/apps/repo.ts',
  ],
  ['src/adapters/a.ts', "import { load } from '../config/load.ts'", 'imports values of src/config/load.ts'],
  ['src/http/a.ts', "import type { Db } from '../adapters/db/index.ts'", 'imports src/adapters/db/index.ts'],
  ['src/http/a.ts', "import { login } from '#root/src/features/x/a.ts'", 'imports src/features/x/a.ts'],
  ['src/http/a.ts', "import Redis from 'ioredis'", 'imports ioredis: http may'],
  ['src/features/x/a.ts', "import { y } from '../y/api.ts'", 'imports values of src/features/y/api.ts'],
  ['src/features/x/a.ts', "import type { Y } from '../y/repo.ts'", 'imports src/features/y/repo.ts'],
  ['src/features/x/repo.ts', "import type { Y } from '../y/tables.ts'", 'imports src/features/y/tables.ts'],
  ['src/features/x/a.ts', "import { yShape } from '../y/wire.ts'", 'imports src/features/y/wire.ts'],
  ['src/features/x/a.ts', "import { openFeatures } from '../index.ts'", 'imports src/features/index.ts'],
  ['src/features/x/wire.ts', "import { y } from './x.ts'", 'imports src/features/x/x.ts: wire may'],
  [
    'src/features/index.ts',
    "import { login } from './accounts/login.ts'",
    'imports src/features/accounts/login.ts',
  ],
  [
    'src/features/feature.ts',
    "import type { A } from './accounts/api.ts'",
    'imports src/features/accounts/api.ts',
  ],
  ['src/features/x/repo.ts', "trx.updateTable('accounts')", 'writes the table accounts: only accounts may'],
  ['src/features/x/repo.ts', "trx.insertInto('settings')", 'writes the table settings: only settings may'],
  ['src/features/x/repo.ts', "trx.deleteFrom('nowhere')", 'writes the table nowhere: only its owner may'],
  ['src/features/x/a.ts', 'const a = { ...{ b: 1 }, c: 2 }', 'spreads a literal'],
  ['src/app.ts', 'f({ ...{ b }, c: 2 })', 'spreads a literal'],
  ['src/client/a.ts', 'f({ ...{ b }, c: 2 })', 'spreads a literal'],
  [
    'src/features/x/a.ts',
    "import { type A, b } from '../y/api.ts'",
    'imports values of src/features/y/api.ts',
  ],
  ['src/features/x/a.ts', "export { b } from '../y/b.ts'", 'imports src/features/y/b.ts'],
  ['src/features/x/a.ts', "await import('../y/b.ts')", 'imports src/features/y/b.ts'],
  [
    'src/features/x/a.ts',
    "import type { A } from '../../http/transport.ts'",
    'imports src/http/transport.ts',
  ],
  ['src/features/x/a.ts', "import { sql } from 'kysely'", 'imports kysely: features may'],
  ['src/features/x/a.ts', "import 'node:fs'", 'imports node:fs: features may'],
  ['src/client/a.ts', "import { readFile } from 'node:fs/promises'", 'imports node:fs/promises: client may'],
  [
    'src/client/a.ts',
    "import type { A } from '../features/x/service.ts'",
    'imports src/features/x/service.ts',
  ],
  [
    'src/client/a.ts',
    "import { A } from '../features/x/wire.ts'",
    'imports values of src/features/x/wire.ts',
  ],
  [
    'src/config/a.ts',
    "import { createDb } from '../adapters/db/index.ts'",
    'imports src/adapters/db/index.ts',
  ],
  ['src/config/a.ts', "import { login } from '../features/x/login.ts'", 'imports src/features/x/login.ts'],
  ['src/features/x/config.ts', "import { login } from './login.ts'", 'imports src/features/x/login.ts'],
  ['src/adapters/a.ts', 'const { env } = process', 'uses process'],
  ['src/app.ts', 'globalThis.process.exit(1)', 'uses process'],
  ['src/app.ts', "import process from 'node:process'", 'uses process'],
  [
    'src/features/x/routes.ts',
    'export const a = (request, reply) => reply.send(1)',
    'takes the reply of Fastify',
  ],
  ['src/features/x/routes.ts', 'type A = FastifyReply', 'takes the reply of Fastify'],
  ['src/protocol/a.ts', 'const a = Math.random()', 'calls Math.random'],
  ['src/http/a.ts', 'const a = Date.now()', 'calls Date.now'],
  ['src/features/x/a.ts', 'const a = new Date()', 'calls new Date()'],
  ['src/features/x/a.ts', "db.read.selectFrom('users')", 'builds a query (selectFrom)'],
  ['tools/a.ts', "db.write.deleteFrom('users')", 'builds a query (deleteFrom)'],
  ['tools/a.ts', "import { sql } from 'kysely'", 'tools have no SQL of their own'],
  ['src/adapters/db/a.ts', "import { sql } from 'kysely'", 'loads kysely'],
  ['src/config/a.ts', "import { type Static, Type } from 'typebox'", 'loads typebox'],
  ['src/features/x/repo.ts', "db.selectFrom('logins as users')", 'gives a table the alias users'],
  ['src/features/x/helpers/a.ts', '', 'has a name that says nothing'],
  ['src/http/utils.ts', '', 'has a name that says nothing'],
  ['tools/a.ts', longText, ':301 has more than 300 lines'],
  ['src/elsewhere/a.ts', '', 'belongs to no room'],
]

t.test('each rule finds the file that breaks it', async (t) => {
  for (const [path, text, says] of bad) {
    const broken = checkFile({ path, text, owners })
    t.ok(
      broken.some((sentence) => sentence.startsWith(`${path}:`) && sentence.includes(says)),
      `${path} ${says}`,
      { broken },
    )
  }
})

const good: [path: string, text: string][] = [
  ['src/protocol/a.ts', "import { sha256 } from '@noble/hashes/sha2.js'\nimport { b } from './b.ts'"],
  [
    'src/features/x/a.ts',
    "import { type A } from '../y/api.ts'\nimport type { Db } from '../../adapters/db/index.ts'",
  ],
  ['src/features/x/a.ts', 'const a = { process: 1, reply: 2 }\nconst b = new Date(0)\njob.process(a)'],
  [
    'src/features/x/repo.ts',
    "import { sql } from '../../adapters/db/kysely.ts'\ndb.selectFrom('users as u')",
  ],
  ['src/features/x/wire.ts', "import type { Static } from 'typebox'\nimport { Y } from '../y/wire.ts'"],
  [
    'src/features/x/feature.ts',
    "import { feature } from '../feature.ts'\nconst a = { ...b, ...(c && { d: 1 }) }",
  ],
  ['src/features/accounts/repo.ts', "trx.updateTable('accounts')\ntrx.selectFrom('logins')"],
  ['src/features/index.ts', "import { apps } from './apps/feature.ts'"],
  ['src/client/a.ts', "import type { LoginInput } from '../features/x/wire.ts'"],
  ['src/features/x/config.ts', "import { limit } from '../../config/fields.ts'"],
  ['src/config/index.ts', "import * as x from '../features/x/config.ts'"],
  ['src/server.ts', "import { createApp } from './app.ts'\nprocess.exit(0)"],
  ['tools/a.ts', "import { load } from '../src/config/load.ts'\nprocess.exit(0)"],
]

t.test('a file that keeps the rules is left alone', async (t) => {
  for (const [path, text] of good) t.same(checkFile({ path, text, owners }), [], path)
})
