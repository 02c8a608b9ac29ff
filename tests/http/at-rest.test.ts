/** What a thief of the database gets: docs/security.md, "After a theft". */
import { sql } from 'kysely'
import t from 'tap'
import { clientHashOf, openWays, openWorld, type Tickets } from './world.ts'

const password = 'correct horse'

/** A secret and its bytes, in the forms in which a careless server would keep them. */
const formsOf = (name: string, secret: string | Uint8Array): [string, string][] => {
  const bytes = Buffer.from(secret)
  const encodings = ['utf8', 'hex', 'base64', 'base64url'] as const
  return encodings.map((encoding) => [`${name} as ${encoding}`, bytes.toString(encoding).replace(/=+$/, '')])
}

t.test('the database holds no password, hash, ticket, device secret or app secret', async (t) => {
  const world = await openWorld(t)
  const call = (await openWays(world))['t and j by POST']
  const { salt, cost } = (await call('/v1/prelogin', { login: 'amber' })) as unknown as {
    salt: string
    cost: number
  }
  const clientHash = await clientHashOf(password, { salt, cost })
  const members = { regmode: 'anonymous', user: { userName: 'amber' }, clientHash, salt }
  const registered = (await call('/v1/register', members)) as unknown as { tickets: Tickets }
  const first = registered.tickets
  const { tickets: second } = (await call('/v1/ticket/exchange', {
    token: first.a2,
    to: 'skey',
  })) as unknown as { tickets: Tickets }
  await call('/v1/login', { login: 'amber', password })
  const device = await world.connect()

  const { db } = world.server
  const tables = await sql<{ name: string }>`select name from sqlite_master where type = 'table'`.execute(
    db.read,
  )
  const cells = await Promise.all(
    tables.rows.map(async ({ name }) => (await sql`select * from ${sql.table(name)}`.execute(db.read)).rows),
  )
  const texts = cells
    .flat()
    .flatMap((row) => Object.values(row as object))
    .flatMap((cell) =>
      cell instanceof Uint8Array
        ? (['latin1', 'hex', 'base64url'] as const).map((it) => Buffer.from(cell).toString(it))
        : [String(cell)],
    )
  t.ok(texts.includes('amber'), 'the rows are there')
  const secretOf = (ticket: string) => Buffer.from(ticket.slice(3), 'base64url').subarray(16)
  const secrets = [
    ...formsOf('the password', password),
    ...formsOf('the client hash', clientHash),
    ...formsOf('the app secret', world.app.appSecret),
    ...formsOf('the device secret', device.device.secret),
    ...[first.a2, first.skey, second.a2, second.skey].flatMap((ticket) =>
      formsOf(ticket.slice(0, 3), secretOf(ticket)),
    ),
  ]
  for (const [form, secret] of secrets) {
    t.notOk(
      texts.some((text) => text.includes(secret)),
      form,
    )
  }
})
