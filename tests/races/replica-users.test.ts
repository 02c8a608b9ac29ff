/** What users see of each other is read from the replica; what decides is read from the primary, however late the replica is. */
import t from 'tap'
import { startPrimaryAndReplica, waitForReplica, withoutSync } from '../../tools/test/harness.ts'
import { codes } from '../harness/codes.ts'
import { randomName, registerUser, type Target, type User } from '../harness/devices.ts'
import { testServers, until } from '../harness/test-server.ts'
import { openFleet, runFolder } from './fleet.ts'

t.setTimeout(120_000)

const { primary, replica } = await startPrimaryAndReplica({ folder: runFolder(), args: withoutSync })
const login = ({ host, port, user, password }: typeof primary) => ({ host, port, user, password })
process.env.TORII_TEST_SERVERS = JSON.stringify({
  ...testServers(),
  primary: login(primary),
  replica: login(replica),
})
t.teardown(() => Promise.all([primary.stop(), replica.stop()]))

// Without a budget every read that may go to a replica goes there.
const fleet = await openFleet(t, { TORII__DATABASE__REPLICA_LAG_BUDGET_MS: '0' })
await fleet.admin.apps.set(fleet.app.appId, { friends: 'follow' })
const device = await fleet.connect()
const [reader, other, gone] = (await Promise.all(
  ['reader', 'other', 'gone'].map((name) => registerUser(device, fleet.a, randomName(name))),
)) as [User, User, User]
const call = (target: Target, path: string, { skey }: User, members: Record<string, unknown> = {}) =>
  device.call(target, path, { token: skey, ...members })

await until('the app has its mode', async () => {
  const { code } = await call(fleet.a, '/v1/friend/request', reader, { requestTo: other.userId })
  return code === codes.OK
})
await call(fleet.a, '/v1/friend/request', reader, { requestTo: gone.userId })
await call(fleet.a, '/v1/friend/request', other, { requestTo: reader.userId })
await waitForReplica(primary, replica)
for (const server of [primary, replica]) {
  await server.asRoot("SET GLOBAL log_output = 'TABLE'")
  await server.asRoot('SET GLOBAL general_log = ON')
}

/** The tables that each server was asked for while something was done, of those that are looked for. */
const listen = async (tables: readonly string[], work: () => Promise<unknown>) => {
  const clock = async (server: typeof primary) =>
    (await server.asRoot('SELECT CAST(NOW(6) AS CHAR) AS now'))[0]?.now as string
  const started = { primary: await clock(primary), replica: await clock(replica) }
  await work()
  const read = async (server: typeof primary, since: string) => {
    const rows = await server.asRoot(
      `SELECT CONVERT(argument USING utf8mb4) AS text FROM mysql.general_log
       WHERE command_type IN ('Execute', 'Query') AND event_time >= '${since}'`,
    )
    return tables.filter((table) => rows.some(({ text }) => String(text).includes(`\`${table}\``)))
  }
  return { primary: await read(primary, started.primary), replica: await read(replica, started.replica) }
}

/** `primary`: what decides whether the other user is there at all. */
const reads = [
  {
    path: '/v1/user/get',
    members: { userId: other.userId },
    primary: ['accounts', 'relations', 'blocks'],
    replica: ['profiles'],
  },
  {
    path: '/v1/user/find',
    members: { by: 'nickName', text: other.userName },
    primary: ['accounts', 'relations', 'blocks'],
    replica: ['users'],
  },
] as const

t.test('what others show is read from the replica, and what decides from the primary', async (t) => {
  for (const { path, members, ...expected } of reads) {
    // Whatever is cached is so before.
    t.equal((await call(fleet.a, path, reader, members)).code, codes.OK)
    const found = await listen(['accounts', 'blocks', 'profiles', 'relations', 'users'], async () => {
      t.equal((await call(fleet.a, path, reader, members)).code, codes.OK)
    })
    for (const table of expected.replica) t.ok(found.replica.includes(table), `${path}: ${table}: replica`)
    for (const table of expected.primary) t.ok(found.primary.includes(table), `${path}: ${table}: primary`)
    for (const table of expected.primary)
      if (table !== 'accounts') t.notOk(found.replica.includes(table), `${path}: ${table}: not the replica`)
    for (const table of expected.replica)
      t.notOk(found.primary.includes(table), `${path}: ${table}: not the primary`)
  }
})

t.test('a block holds at once in every process, though the replica stands still', async (t) => {
  await replica.asRoot('STOP SLAVE SQL_THREAD')
  const isThere = async (target: Target) => {
    const get = await call(target, '/v1/user/get', reader, { userId: gone.userId })
    const found = await Promise.all(
      [
        { by: 'nickName', text: gone.userName },
        { by: 'userName', text: gone.userName },
        { by: 'number', text: gone.userId },
      ].map(
        async (members) => (await call(target, '/v1/user/find', reader, members)).json.users as unknown[],
      ),
    )
    return [get.code !== codes.USER_UNKNOWN, ...found.map((users) => users.length > 0)]
  }
  t.same(await isThere(fleet.b), [true, true, true, true], 'before')
  t.equal((await call(fleet.a, '/v1/friend/block', gone, { blockUser: reader.userId })).code, codes.OK)
  for (const target of [fleet.a, fleet.b]) {
    t.same(await isThere(target), [false, false, false, false])
    const again = { requestTo: gone.userId, rid: randomName() }
    const asked = await call(target, '/v1/friend/request', reader, again)
    t.equal(asked.code, codes.USER_UNKNOWN)
  }
  t.equal(
    (await call(fleet.b, '/v1/user/get', gone, { userId: reader.userId })).code,
    codes.OK,
    'the blocker',
  )
  await replica.asRoot('START SLAVE SQL_THREAD')
})

t.test(
  'a user who blocks the reader leaves their lists at once, though the replica stands still',
  async (t) => {
    const names = ['followed', 'asking', 'asked']
    const [followed, asking, asked] = (await Promise.all(
      names.map((name) => registerUser(device, fleet.a, randomName(name))),
    )) as [User, User, User]
    const ask = (from: User, to: User) =>
      call(fleet.a, '/v1/friend/request', from, { requestTo: to.userId, rid: randomName() })
    await ask(reader, followed)
    await ask(followed, reader)
    await fleet.admin.apps.set(fleet.app.appId, { friends: 'friend' })
    await until('requests wait for an answer', async () => {
      const { json } = await ask(asking, reader)
      return (json.relation as { isRequested: boolean }).isRequested
    })
    await ask(reader, asked)
    await waitForReplica(primary, replica)
    await replica.asRoot('STOP SLAVE SQL_THREAD')
    const lists = [
      ['/v1/friend/list', 'following', followed],
      ['/v1/friend/list', 'fans', followed],
      ['/v1/friend/requests', 'received', asking],
      ['/v1/friend/requests', 'sent', asked],
    ] as const
    const areListed = (target: Target) =>
      Promise.all(
        lists.map(async ([path, list, { userId }]) => {
          const { code, json } = await call(target, path, reader, { list })
          t.equal(code, codes.OK, `${path} ${list}`)
          const rows = (json.users ?? json.requests) as { userId: string }[]
          return rows.some((row) => row.userId === userId)
        }),
      )
    t.same(await areListed(fleet.b), [true, true, true, true], 'before')
    for (const blocker of [followed, asking, asked])
      t.equal((await call(fleet.a, '/v1/friend/block', blocker, { blockUser: reader.userId })).code, codes.OK)
    for (const target of [fleet.a, fleet.b]) t.same(await areListed(target), [false, false, false, false])
    await replica.asRoot('START SLAVE SQL_THREAD')
  },
)
