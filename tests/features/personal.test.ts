/** Every table that holds something of a user says so: its rows are exported, and erased with the account. */
import { type RawBuilder, sql } from 'kysely'
import t, { type Test } from 'tap'
import { createAdmin } from '../../src/admin.ts'
import { loadConfig } from '../../src/config/load.ts'
import { codes } from '../harness/codes.ts'
import { createDevice, registerUser } from '../harness/devices.ts'
import { readCode } from '../harness/messages.ts'
import { type Environment, openShared, openTestServer } from '../harness/test-server.ts'

t.setTimeout(120_000)

const engines: [name: 'SQLite' | 'MariaDB', open: (t: Test) => Promise<Environment>][] = [
  ['SQLite', async () => ({})],
  [
    'MariaDB',
    async (t) => {
      const shared = await openShared()
      t.teardown(() => shared.close())
      return shared.environment
    },
  ],
]

/** Columns that lead to a user, or to where a person is. */
const isPersonal = (column: string) =>
  /(^|_)(user|owner|other|friend|from|to|fan|target)_id$|(^|_)address$|^(hint|open_id|network|login_key)$/.test(
    column,
  )

/** Tables with such a column that hold nothing of a user, and why. */
const exempt: Readonly<Record<string, string>> = {
  bans: 'networks that an administrator has banned',
  devices: 'an installation of an app knows no user, and leaves by age',
  outbox: 'the address is hidden or sealed, and leaves by age',
}

const inSnakeCase = (name: string) => name.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`)

type Column = { place: string; name: string }
const columnQueries: Record<'SQLite' | 'MariaDB', RawBuilder<Column>> = {
  SQLite: sql`select m.name as place, p.name as name from sqlite_master m, pragma_table_info(m.name) p where m.type = 'table'`,
  MariaDB: sql`select table_name as place, column_name as name from information_schema.columns where table_schema = database()`,
}

for (const [engine, open] of engines) {
  t.test(`${engine}: every table with a user's number or address is declared as personal`, async (t) => {
    const world = await openTestServer({ environment: await open(t) })
    t.teardown(() => world.close())
    const { personal, db } = world.server
    const names = personal.map(({ name }) => inSnakeCase(name))
    t.equal(new Set(names).size, names.length, 'each once')
    const { rows } = await columnQueries[engine].execute(db.write)
    const holders = new Set(rows.filter(({ name }) => isPersonal(name)).map(({ place }) => place))
    t.ok(holders.has('logins') && holders.has('addresses'), 'the schema was read')
    const missing = [...holders].filter((place) => !names.includes(place) && !(place in exempt))
    t.same(missing, [], 'declare them: personal, in the feature.ts of their owner')
    const tables = new Set(rows.map(({ place }) => place))
    t.same(
      names.filter((name) => !tables.has(name)),
      [],
      'each is a table',
    )
    const admin = createAdmin({ db, config: loadConfig({}) })
    t.same(
      admin.personal.map(({ name }) => inSnakeCase(name)),
      names,
      'the command line erases the same',
    )
  })

  t.test(`${engine}: of a removed account no table keeps a name, an address or a network`, async (t) => {
    const settings = { TORII__CAPTCHA__MODE: 'never', TORII__ACCOUNTS__PASSWORD_REQUIRED: 'false' }
    const world = await openTestServer({ environment: { ...(await open(t)), ...settings } })
    t.teardown(() => world.close())
    const { personal, db } = world.server
    const email = 'amber.lindqvist@good.example'
    const registered = await world.callJson('/v1/register', {
      regmode: 'email',
      user: { email, userName: 'amberlindqvist', nickName: 'Amber of Visby' },
    })
    const code = await readCode(world.send, email)
    const { json } = await world.callJson('/v1/verify', {
      flow: registered.json.flow,
      code,
      device: { device: 'Ambers telephone' },
    })
    t.equal(json.code, codes.REGISTERED, JSON.stringify(json))
    const { userId } = json.user as { userId: string }
    const other = await registerUser(createDevice((await world.connect()).device), world)
    const collect = async () => {
      const pages = personal.map(async ({ name, collect }) => ({
        name,
        ...(await collect(db.write, Number(userId), undefined)),
      }))
      return JSON.stringify(await Promise.all(pages))
    }
    const exported = await collect()
    const traces = [email, 'amberlindqvist', 'Amber of Visby', 'Ambers telephone']
    for (const trace of traces) t.ok(exported.includes(trace), `the export shows ${trace}`)
    t.notMatch(exported, /secret|hash|verifier"|"tag"|"a2/i, 'and no secret')

    const { findSaltKey } = world
    const { accounts } = createAdmin({ db, config: loadConfig({}), findSaltKey })
    await accounts.remove(userId)
    const marks = await db.write.selectFrom('heldMarks').select('mark').execute()
    t.equal(marks.length, 3, 'its name, what that looks like, and its address are held')
    const { rows } = await columnQueries[engine].execute(db.write)
    for (const place of new Set(rows.map((row) => row.place))) {
      const found = await sql<Record<string, unknown>>`select * from ${sql.table(place)}`.execute(db.write)
      const text = JSON.stringify(found.rows, (_name, value) =>
        value?.type === 'Buffer' ? Buffer.from(value.data).toString('latin1') : value,
      )
      for (const trace of traces) t.notOk(text.includes(trace), `${place} has no ${trace}`)
    }
    const ofLogins = await db.write
      .selectFrom('logins')
      .selectAll()
      .where('userId', '=', Number(userId))
      .execute()
    t.match(ofLogins, [{ network: '', deviceId: null, endReason: 'deleted' }])
    const networks = await db.write
      .selectFrom('auditEvents')
      .select('network')
      .where('userId', '=', Number(userId))
      .where('network', 'is not', null)
      .execute()
    t.same(networks, [])
    const due = await db.write
      .selectFrom('accounts')
      .select('userId')
      .where('finalAt', 'is not', null)
      .execute()
    t.same(due, [], 'nothing is left to erase')
    t.notMatch(await collect(), /amber/i)
    const { code: loggedIn } = await createDevice((await world.connect()).device).call(
      world,
      '/v1/login',
      other.login,
    )
    t.equal(loggedIn, codes.LOGGED_IN, 'no other account has lost anything')
  })
}
