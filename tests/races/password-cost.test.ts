/** Raising the bcrypt cost under running servers, with a command that is killed on its way. */
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import t, { type Test } from 'tap'
import { createAdmin } from '../../src/admin.ts'
import { createClient } from '../../src/client/index.ts'
import { loadConfig } from '../../src/config/load.ts'
import { openEmbedded, type World, worlds } from '../client/worlds.ts'
import { codes } from '../harness/codes.ts'
import { readCode } from '../harness/messages.ts'
import { type Environment, type ServerProcess, spawnServer, until } from '../harness/test-server.ts'
import { clientHashOf } from '../http/world.ts'
import { ask, call, createTorii, toriiFile } from '../tools/torii-process.ts'

t.setTimeout(300_000)

const password = 'quite right, and long'
type Costs = { from: number; to: number }
type Way = { how: string; login: string | number }
type Status = {
  logins: number
  moved: number
  waiting: number
  leftBehind: number
  cost: number
  nextCost: number
}

const raised = ({ from, to }: Costs): Environment => ({
  TORII__PASSWORD__COST: String(from),
  TORII__PASSWORD__NEXT_COST: String(to),
})

/** Users of every kind; each way to log in that has a password. */
const registerAll = async (server: ServerProcess, { app }: World, { from }: Costs) => {
  const connect = () => createClient({ url: server.url, ...app, transport: 'json', minimumKdfCost: from })
  const ways: Way[] = []
  for (const userName of ['amber', 'asleep']) {
    const { user } = await connect().register({ userName, password })
    if (userName === 'amber')
      ways.push({ how: 'name', login: userName }, { how: 'number', login: Number(user.userId) })
  }
  for (const address of [{ email: 'jade@mail.example' }, { phone: '+8613800138000' }]) {
    const client = connect()
    const [how = '', login = ''] = Object.entries(address)[0] ?? []
    const { flow } = await client.registerAddress({ ...address, password })
    await client.confirm({ flow, code: await readCode(server.send, login) })
    ways.push({ how, login })
  }
  // An older client knows of no further hash; one without bcrypt sends the password.
  for (const userName of ['old', 'plain']) {
    const { salt } = await call(server, app, '/v1/prelogin', { login: userName })
    const clientHash = await clientHashOf(password, { salt: String(salt), cost: from })
    const user = { userName }
    const { code } = await call(server, app, '/v1/register', { regmode: 'anonymous', user, clientHash, salt })
    if (code !== codes.REGISTERED) throw new Error(`${userName}: ${code}`)
  }
  return ways
}

const openActs = ({ app, db, environment }: World, { from, to }: Costs) => ({
  logIn: ({ url }: ServerProcess, login: string | number) =>
    createClient({ url, ...app, transport: 'json', minimumKdfCost: from }).login({ login, password }),
  logInPlain: (server: ServerProcess, login: string) => call(server, app, '/v1/login', { login, password }),
  logInOld: async (server: ServerProcess, login: string) => {
    const { salt, cost } = await call(server, app, '/v1/prelogin', { login })
    const clientHash = await clientHashOf(password, { salt: String(salt), cost: Number(cost) })
    return call(server, app, '/v1/login', { login, clientHash })
  },
  prelogin: (server: ServerProcess, login: string) => call(server, app, '/v1/prelogin', { login }),
  status: () => ask<Status>(createTorii({ ...environment, ...raised({ from, to }) }), 'password', 'status'),
  costsOf: async (userName: string) => {
    const key = Buffer.from(`name:${userName}`)
    const row = await db.write
      .selectFrom('verifiers')
      .selectAll()
      .where('loginKey', '=', key)
      .executeTakeFirstOrThrow()
    return [row.verifier, row.nextVerifier].map((kept) => Number(kept?.split('$')[4] ?? 0))
  },
})

/** Ends the command with SIGKILL once the new cost counts. */
const killFinish = async ({ db, environment }: World, costs: Costs) => {
  const env = { PATH: process.env.PATH, ...environment, ...raised(costs) }
  const child = spawn(process.execPath, [toriiFile, 'password', 'finish', '--yes'], { env, stdio: 'ignore' })
  const exit = once(child, 'exit')
  await until('the new cost counts', async () => {
    const pin = await db.write
      .selectFrom('settings')
      .select('value')
      .where('name', '=', 'pin.passwordCost')
      .executeTakeFirst()
    return pin?.value === String(costs.to)
  })
  child.kill('SIGKILL')
  return exit
}

const addRows = async ({ db }: World, userId: number, cost: number, count: number) => {
  const kept = { verifier: 'hmac$x$y$z', nextVerifier: `hmac$x$y$z$${cost}`, saltFrom: null }
  for (let at = 0; at < count; at += 100) {
    await db.write
      .insertInto('verifiers')
      .values(
        Array.from({ length: 100 }, (_, row) => ({
          loginKey: Buffer.from(`a:${at + row}`),
          userId,
          createdAt: 1,
          updatedAt: 1,
          ...kept,
        })),
      )
      .execute()
  }
}

const raise = async (t: Test, world: World, costs: Costs, processes: number) => {
  const { from, to } = costs
  const { environment, db } = world
  const acts = openActs(world, costs)
  const first = await spawnServer({ ...environment, TORII__PASSWORD__COST: String(from) })
  const ways = await registerAll(first, world, costs)
  await first.stop()
  // As they were before a verifier said its cost.
  const rows = await db.write.selectFrom('verifiers').selectAll().execute()
  for (const { loginKey, verifier } of rows) {
    const [form, kid, salt, mac] = verifier.split('$')
    if (mac === undefined) continue
    await db.write
      .updateTable('verifiers')
      .set({ verifier: [form, kid, salt, mac].join('$') })
      .where('loginKey', '=', loginKey)
      .execute()
  }
  const settings = { ...environment, ...raised(costs) }
  const servers = await Promise.all(Array.from({ length: processes }, () => spawnServer(settings)))
  t.teardown(() => Promise.all(servers.map((server) => server.stop())))
  const at = (count: number) => servers[count % servers.length] as ServerProcess
  const isLoggedIn = async (server: ServerProcess, { how, login }: Way, when: string) =>
    t.equal((await acts.logIn(server, login)).code, codes.LOGGED_IN, `${when}: by ${how}`)

  const before = await acts.status()
  t.match(before, { cost: from, nextCost: to, moved: 0, waiting: 0 })
  for (const [index, way] of ways.entries()) await isLoggedIn(at(index), way, 'during the raise')
  t.equal((await acts.logInOld(at(0), 'old')).code, codes.LOGGED_IN)
  t.equal((await acts.logInPlain(at(1), 'plain')).code, codes.LOGGED_IN)
  await until('the server has made the next hash', async () => (await acts.costsOf('plain'))[1] === to)
  t.match(
    await acts.status(),
    { moved: ways.length + 2, waiting: ways.length + 2 },
    'the number of "plain" shares its salt',
  )

  await killFinish(world, costs)
  t.match(
    await acts.status(),
    { cost: to, nextCost: 0, waiting: ways.length + 2 },
    'killed before the rows moved',
  )
  for (const server of servers) {
    await until(
      'the process announces the new cost',
      async () => (await acts.prelogin(server, 'amber')).cost === to,
    )
    for (const login of ['amber', 'asleep', 'unknown']) {
      const { salt: _, timestamp: __, ...told } = await acts.prelogin(server, login)
      t.match(told, { cost: to, previous: { cost: from } }, `${login}: told as everyone is`)
    }
    for (const way of ways) await isLoggedIn(server, way, 'between two runs')
    t.equal((await acts.logInPlain(server, 'plain')).code, codes.LOGGED_IN)
  }

  const { userId } = await db.write
    .selectFrom('users')
    .select('userId')
    .where('userName', '=', 'asleep')
    .executeTakeFirstOrThrow()
  await addRows(world, userId, to, 600)
  const admin = createAdmin({ db, config: loadConfig(settings) })
  const interrupted = admin.accounts.raise.finish({
    wait: async () => {},
    tell: () => {
      throw new Error('interrupted')
    },
  })
  await t.rejects(interrupted, { message: 'interrupted' })
  t.equal((await acts.status()).waiting, ways.length + 2 + 600 - 500, 'after the first batch of 500')
  let isOver = false
  const finish = ask(createTorii(settings), 'password', 'finish').finally(() => {
    isOver = true
  })
  const logInAlong = async (server: ServerProcess) => {
    while (!isOver) for (const way of ways) await isLoggedIn(server, way, 'while rows move')
  }
  await Promise.all([finish, ...servers.map(logInAlong)])
  t.match(await acts.status(), { waiting: 0 })
  t.strictSame(await acts.costsOf('amber'), [to, 0])

  t.strictSame(await acts.costsOf('asleep'), [0, 0], 'who never came has the old verifier')
  t.equal((await acts.logInOld(at(0), 'old')).code, codes.LOGIN_FAILED, 'one hash only, of the new cost')
  t.equal((await acts.logInPlain(at(1), 'old')).code, codes.LOGGED_IN, 'but by the password itself')
  t.equal(
    (await acts.logIn(at(1), 'asleep')).code,
    codes.LOGGED_IN,
    'who never came is let in by the old cost',
  )
  t.strictSame(await acts.costsOf('asleep'), [to, 0], 'and has the new one then')
  await until('the server has made the hash', async () => (await acts.costsOf('old'))[0] === to)
  t.equal((await acts.logInOld(at(0), 'old')).code, codes.LOGGED_IN)

  await Promise.all(servers.map((server) => server.stop()))
  const tidy = await spawnServer({ ...environment, TORII__PASSWORD__COST: String(to) })
  for (const way of ways) await isLoggedIn(tidy, way, 'with the settings of afterwards')
  await tidy.stop()
  await t.rejects(spawnServer({ ...environment, TORII__PASSWORD__COST: String(from) }), /password\.cost/)
}

for (const { name, open } of worlds)
  t.test(`${name}: no login fails while the cost is raised from 4 to 6`, async (t) => {
    const world = await open()
    t.teardown(world.close)
    await raise(t, world, { from: 4, to: 6 }, name.includes('Redis') ? 2 : 1)
  })

t.test('from 10 to 12', async (t) => {
  const world = await openEmbedded()
  t.teardown(world.close)
  await raise(t, world, { from: 10, to: 12 }, 1)
})
