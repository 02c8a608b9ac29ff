/** A user with a million fans on MariaDB: lists, one fan less, the end of the account; and what others notice of it. */
import { createConnection } from 'mysql2/promise'
import t from 'tap'
import { codes } from '../harness/codes.ts'
import { openShared, openTestServer, testServers, until } from '../harness/test-server.ts'
import { run, toriiFile } from '../tools/torii-process.ts'

t.setTimeout(600_000)

const fans = 1_000_000
/** Numbers of fans, far from those of users who register. */
const firstFan = 20_000_000

const shared = await openShared({ TORII__FRIENDS__ASKS_PER_DAY: '100000' })
const world = await openTestServer({ environment: shared.environment })
t.teardown(async () => {
  await world.close()
  await shared.close()
})
const { db, apps } = world.server
const admin = shared.admin
await apps.set(world.app.appId, { friends: 'follow' })
await apps.reload()

const call = async (path: string, members: object) => (await world.callJson(path, { ...members })).json
const register = async (userName: string) => {
  const { user, tickets } = await call('/v1/register', {
    regmode: 'anonymous',
    user: { userName },
    password: 'correct horse',
  })
  return { userId: (user as { userId: string }).userId, token: (tickets as { skey: string }).skey }
}

const fill = async (hub: string) => {
  const { host, port, user, password } = testServers().primary
  const connection = await createConnection({ host, port, user, password, database: shared.database })
  const number = `${firstFan} + seq`
  try {
    for (const statement of [
      'SET foreign_key_checks = 0, unique_checks = 0',
      // The newest thousand have accounts: no page shows the others.
      `INSERT INTO accounts (user_id, tag, status, status_reason, epoch, created_at, updated_at)
        SELECT ${number}, LEFT(UNHEX(SHA2(seq, 256)), 8), 'active', '', 1, 0, 0 FROM seq_999001_to_${fans}`,
      `INSERT INTO users (user_id, user_name, nick_name, skeleton, updated_at)
        SELECT ${number}, CONCAT('fan', seq), CONCAT('Fan ', seq), UNHEX(SHA2(seq, 256)), 0 FROM seq_999001_to_${fans}`,
      `INSERT INTO relations (user_id, other_id, followed_at) SELECT ${number}, ${hub}, 1000 + seq DIV 100 FROM seq_1_to_${fans}`,
      `INSERT INTO friend_counts (user_id, following) SELECT ${number}, 1 FROM seq_1_to_${fans}`,
      `INSERT INTO friend_counts (user_id, fans) VALUES (${hub}, ${fans}) ON DUPLICATE KEY UPDATE fans = ${fans}`,
    ])
      await connection.query(statement)
  } finally {
    await connection.end()
  }
}

const median = (values: readonly number[]) => [...values].sort((a, b) => a - b)[values.length >> 1] ?? 0
const timed = async <T>(work: () => Promise<T>): Promise<{ ms: number; result: T }> => {
  const since = performance.now()
  const result = await work()
  return { ms: performance.now() - since, result }
}

t.test('a hub with a million fans', async (t) => {
  const hub = await register('hub')
  const [small, other] = [await register('small'), await register('other')]
  await call('/v1/friend/request', { token: other.token, requestTo: small.userId })
  await fill(hub.userId)

  await t.test('a page costs what a page of one fan costs, also behind many', async (t) => {
    const list = (token: string, more = {}) =>
      call('/v1/friend/list', { token, list: 'fans', limit: 50, ...more })
    const onReplica = async () => ((await list(hub.token)).users as unknown[]).length === 50
    await until('the replica has the fans', onReplica, 120_000)
    const before = db.trips
    const first = await list(hub.token)
    t.equal((first.users as unknown[]).length, 50)
    const trips = db.trips - before
    let { cursor } = first
    for (let page = 0; page < 10; page++) ({ cursor } = await list(hub.token, { cursor }))
    const beforeLast = db.trips
    t.equal(((await list(hub.token, { cursor })).users as unknown[]).length, 50)
    t.equal(db.trips - beforeLast, trips, 'the eleventh page')
    // Rows read, which do not depend on how busy the machine is.
    const readRows = async (work: () => Promise<unknown>) => {
      const rowsRead = async () => {
        const [row] = await (await import('kysely')).sql<{ value: string }>`
          select sum(variable_value) as value from information_schema.global_status
          where variable_name in ('HANDLER_READ_KEY', 'HANDLER_READ_NEXT', 'HANDLER_READ_PREV', 'HANDLER_READ_RND_NEXT')`
          .execute(db.write)
          .then(({ rows }) => rows)
        return Number(row?.value)
      }
      const since = await rowsRead()
      await work()
      return (await rowsRead()) - since
    }
    const rows = await readRows(() => list(hub.token, { cursor }))
    t.ok(rows < 5_000, `${rows} rows read for a page of 50`)
  })

  await t.test('one fan less, and one more', async (t) => {
    const removed = await call('/v1/friend/request', { token: other.token, requestTo: hub.userId })
    t.equal(removed.code, codes.OK)
    await until('the replica has the fan', async () => {
      const page = await call('/v1/friend/list', { token: hub.token, list: 'fans', limit: 1 })
      return (page.users as { userId: string }[])[0]?.userId === other.userId
    })
    t.equal((await call('/v1/friend/remove', { token: other.token, removeUser: hub.userId })).code, codes.OK)
    const { fans: counted } = await db.write
      .selectFrom('friendCounts')
      .select('fans')
      .where('userId', '=', Number(hub.userId))
      .executeTakeFirstOrThrow()
    t.equal(counted, fans)
    t.same(await admin.relations.recount.recountUser(Number(hub.userId), { isDry: true }), [])
  })

  await t.test('the account ends in batches, and no call of others waits for it', async (t) => {
    const acts = [
      () => call('/v1/friend/request', { token: other.token, requestTo: small.userId }),
      () => call('/v1/friend/list', { token: small.token, list: 'fans' }),
      () => call('/v1/friend/remove', { token: other.token, removeUser: small.userId }),
    ]
    const measure = async (isOver: () => boolean) => {
      const found = { ms: [] as number[], codes: new Set<unknown>() }
      do {
        for (const act of acts) {
          const { ms, result } = await timed(act)
          found.ms.push(ms)
          found.codes.add(result.code)
        }
      } while (!isOver())
      return found
    }
    let rounds = 0
    const alone = await measure(() => ++rounds >= 50)
    let isOver = false
    const removal = timed(() =>
      run(process.execPath, [toriiFile, 'user', 'remove', hub.userId, '--yes'], {
        environment: shared.environment,
      }),
    ).finally(() => {
      isOver = true
    })
    const meanwhile = await measure(() => isOver)
    const { ms, result } = await removal
    t.equal(result.code, 0, result.stderr)
    const figures = [alone, meanwhile].map((it) => ({ median: median(it.ms), most: Math.max(...it.ms) }))
    t.comment(`${fans} fans removed in ${Math.round(ms / 1_000)} s; others: ${JSON.stringify(figures)}`)
    t.same(
      [...alone.codes, ...meanwhile.codes].filter((code) => code !== codes.OK),
      [],
      'every call was answered',
    )
    // A lock on all rows would hold a call up until the end.
    t.ok(Math.max(...meanwhile.ms) < ms / 4, 'no call waited for the removal')
    const left = await db.write
      .selectFrom('relations')
      .select((eb) => eb.fn.countAll<number>().as('count'))
      .where('otherId', '=', Number(hub.userId))
      .executeTakeFirstOrThrow()
    t.equal(Number(left.count), 0)
    const wrong = await db.write
      .selectFrom('friendCounts')
      .select('userId')
      .where('userId', '>', firstFan)
      .where('following', '!=', 0)
      .limit(1)
      .execute()
    t.same(wrong, [], 'the counters of all fans')
  })
})
