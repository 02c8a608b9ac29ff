/** Old rows by the hundred thousand: every kind is removed by an index, a batch at a time, and none holds up another. */
import { setImmediate as nextTurn } from 'node:timers/promises'
import type { RootOperationNode } from 'kysely'
import { sql } from 'kysely'
import t, { type Test } from 'tap'
import type { Executor } from '../../src/adapters/db/index.ts'
import { createRemoveOld } from '../../src/adapters/db/retention.ts'
import { createDevice, registerUser } from '../harness/devices.ts'
import { createTestClock, type Environment, openShared, openTestServer } from '../harness/test-server.ts'

t.setTimeout(600_000)

const count = 100_000
const batchSize = 1_000
const old = 1

type Engine = {
  open(t: Test): Promise<Environment>
  /** The numbers from 1 to `count`, as `n`. */
  numbers: string
  /** 16 bytes that differ with `n`. */
  bytes: string
  /** What of a plan says that all rows are read. */
  readsAll: RegExp
  explain: string
}

const engines: Record<string, Engine> = {
  SQLite: {
    open: async () => ({}),
    numbers: `(with recursive s(n) as (select 1 union all select n + 1 from s where n < ${count}) select n from s) as s`,
    bytes: "cast(printf('%016d', n) as blob)",
    readsAll: /SCAN/,
    explain: 'explain query plan',
  },
  MariaDB: {
    open: async (t) => {
      const shared = await openShared()
      t.teardown(() => shared.close())
      return shared.environment
    },
    numbers: `(select seq as n from seq_1_to_${count}) as s`,
    bytes: "cast(lpad(n, 16, '0') as binary)",
    readsAll: /"type":"ALL"/,
    explain: 'explain',
  },
}

/** A row of each table, as columns and what they are made of. */
const fillers = (bytes: string, appId: string, userId: string): Record<string, Record<string, string>> => ({
  devices: {
    device_id: bytes,
    app_id: `'${appId}'`,
    secret_sealed: bytes,
    ...{
      address: "''",
      site: "''",
      used_at: '0',
      has_login: '0',
      device_type: "''",
      os: "''",
      name: "''",
      min_strength: '0',
      hello: "''",
    },
    ...{ created_at: `${old}`, expires_at: `${old}` },
  },
  logins: {
    login_id: bytes,
    user_id: userId,
    app_id: `'${appId}'`,
    ...{
      device_type: "''",
      device_name: "''",
      epoch: '1',
      a2_handle: bytes,
      a2_hash: bytes,
      a2_nonce: bytes,
    },
    ...{ a2_counter: '1', a2_rotated_at: '0', a2_confirmed: '0', authenticated_at: '0', min_strength: '0' },
    expires_at: `${old}`,
  },
  login_failures: {
    login_key: bytes,
    ...{ network: "'x'", failed1: `${old}`, failed2: '0', failed3: '0', failed4: '0', failed5: '0' },
  },
  login_streaks: { login_key: bytes, failures: '1', last_failed_at: `${old}` },
  consents: {
    ...{ user_id: userId, app_id: 'n', open_id: 'n', scopes: "''", epoch: '1', granted_at: '0' },
    revoked_at: `${old}`,
  },
  audit_events: { happened_at: `${old}`, kind: "'none'", detail: "'{}'" },
  change_log: { version: '-n', kind: "'none'", subject: "''", changed_at: `${old}` },
})

/** The statement that a removal sends, without sending it. */
const statementOf = async (db: Executor, send: (db: Executor) => Promise<unknown>) => {
  let node: RootOperationNode | undefined
  const seen = db.withPlugin({
    transformQuery: (query) => {
      node = query.node
      throw new Error('seen')
    },
    transformResult: async ({ result }) => result,
  })
  await send(seen as Executor).catch(() => {})
  if (!node) throw new Error('no statement')
  const { sql: text, parameters } = db.getExecutor().compileQuery(node, { queryId: 'explained' })
  return parameters.reduce(
    (filled: string, value) => filled.replace('?', typeof value === 'string' ? `'${value}'` : String(value)),
    text,
  )
}

for (const [name, { open, numbers, bytes, readsAll, explain }] of Object.entries(engines)) {
  t.test(`${name}: ${count} old rows of each kind`, async (t) => {
    const clock = createTestClock(Date.now())
    const world = await openTestServer({ environment: await open(t), clock })
    t.teardown(() => world.close())
    const { db, apps, retention, removeOld } = world.server
    const { appId } = await apps.add({ name: 'retention' })
    const { userId } = await registerUser(createDevice((await world.connect()).device), world)
    const tables = fillers(bytes, appId, userId)
    for (const [table, columns] of Object.entries(tables)) {
      const text = `insert into ${table} (${Object.keys(columns)}) select ${Object.values(columns)} from ${numbers}`
      await sql.raw(text).execute(db.write)
    }
    const countOld = async (table: string) => {
      const text = `select count(*) as count from ${table} where ${Object.entries(tables[table] ?? {})
        .filter(([column, value]) => value === `${old}` && /_at$|^failed1$/.test(column))
        .map(([column, value]) => `${column} = ${value}`)
        .join(' and ')}`
      const { rows } = await sql.raw<{ count: number }>(text).execute(db.write)
      return Number(rows[0]?.count)
    }
    for (const table of Object.keys(tables)) t.equal(await countOld(table), count, table)

    for (const { name: kind, keptMs, remove } of retention) {
      const text = await statementOf(db.write, (seen) => remove(seen, clock.now() - keptMs, batchSize))
      const { rows } = await sql.raw(`${explain} ${text}`).execute(db.write)
      t.notMatch(JSON.stringify(rows), readsAll, `${kind}: by an index`)
      // Fewer at once where a row brings others with it.
      const [, most = 'none'] = /limit (\d+)/.exec(text) ?? []
      t.ok(Number(most) <= batchSize, `${kind}: a batch, limit ${most}`)
    }

    let longestMs = 0
    let isOver = false
    const watch = (async () => {
      while (!isOver) {
        const began = performance.now()
        await nextTurn()
        longestMs = Math.max(longestMs, performance.now() - began)
      }
    })()
    const began = performance.now()
    const isAnyLeft = async () => {
      for (const table of Object.keys(tables)) if ((await countOld(table)) > 0) return true
      return false
    }
    // Each run removes 50 batches of a kind; on a busy machine a batch may meet its time limit and waits for the next.
    for (let run = 0; run < 20 && (run === 0 || (await isAnyLeft())); run++) await removeOld()
    isOver = true
    await watch
    for (const table of Object.keys(tables)) t.equal(await countOld(table), 0, `${table}: all are gone`)
    const ms = Math.round(performance.now() - began)
    t.comment(
      `${ms} ms for ${Object.keys(tables).length * count} rows; longest turn ${Math.round(longestMs)} ms`,
    )

    const removed: string[] = []
    await createRemoveOld({
      db,
      clock,
      logger: { warn: (_: object, text: string) => removed.push(text) } as never,
      rows: [
        { name: 'broken', keptMs: 0, remove: () => Promise.reject(new Error('broken')) },
        { name: 'good', keptMs: 0, remove: async () => removed.push('good') },
      ],
    })()
    t.same(removed, ['old rows could not be removed', 'good'], 'one failure does not stop the rest')
  })
}
