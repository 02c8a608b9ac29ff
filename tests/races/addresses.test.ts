/** One address, or one account, and many callers at once. */
import t, { type Test } from 'tap'
import { codes } from '../harness/codes.ts'
import { readCodes, readOutbox } from '../harness/outbox-rows.ts'
import { openShared, openTestServer, raisedLimits, spawnServer } from '../harness/test-server.ts'

t.setTimeout(300_000)

type Answer = Record<string, unknown> & { code: number }

const environment = {
  TORII__CODES__PER_HOUR_OF_ALL: '1000',
  TORII__CODES__PER_DAY_OF_ALL: '1000',
  TORII__ACCOUNTS__PASSWORD_REQUIRED: 'false',
  // Each caller comes from a network of its own.
  TORII__SERVER__TRUSTED_PROXIES: '["127.0.0.1"]',
}

type Members = Record<string, unknown>
/** A request to one of the processes, from the network number `at`. */
type SendFrom = (
  at: number,
  url: string,
  type: string,
  payload: string,
) => Promise<{ status: number; body: string }>

const headersOf = (at: number, type: string) => ({
  host: 'localhost',
  'content-type': type,
  'x-forwarded-for': `10.1.${at}.1`,
  'x-forwarded-proto': 'https',
})

const createCalls = (sendFrom: SendFrom, { appId, appSecret }: { appId: string; appSecret: string }) => ({
  callFrom: async (at: number, path: string, members: Members): Promise<Answer> => {
    const payload = JSON.stringify({ appid: appId, appsecret: appSecret, ...members })
    return JSON.parse((await sendFrom(at, path, 'application/json', payload)).body)
  },
  /** Follows the link of a notice; the status of its page. */
  undoFrom: async (at: number, secret: string): Promise<number> => {
    const form = new URLSearchParams({ secret }).toString()
    return (await sendFrom(at, '/address/undo', 'application/x-www-form-urlencoded', form)).status
  },
})

type Source = Parameters<typeof readCodes>[0]
/** The secrets of all undo links, the newest first. */
const readSecrets = async (source: Source) =>
  (await readOutbox(source)).flatMap(({ variables: { link = '' } }) => link.split('undo#')[1] ?? [])

const openPair = async (t: Test) => {
  const shared = await openShared(environment)
  const processes = await Promise.all([spawnServer(shared.environment), spawnServer(shared.environment)])
  t.teardown(async () => {
    for (const process of processes) await process.stop()
    await shared.close()
  })
  const sendFrom: SendFrom = async (at, url, type, payload) => {
    const process = processes[at % 2]
    if (!process) throw new Error('there are two processes')
    return process.send({ method: 'POST', url, headers: headersOf(at, type), payload })
  }
  return {
    db: shared.db,
    ...createCalls(sendFrom, shared.app),
    readCodes: () => readCodes(shared),
    readSecrets: () => readSecrets(shared),
  }
}

/** An embedded database has one process: its races are those of calls that wait for each other. */
const openSqlite: typeof openPair = async (t) => {
  const world = await openTestServer({ environment: { ...raisedLimits(), ...environment } })
  t.teardown(world.close)
  const { db } = world.server
  const { keyFile } = world.config.security
  const source = { db, environment: { TORII__SECURITY__KEY_FILE: keyFile } }
  const sendFrom: SendFrom = (at, url, type, payload) =>
    world.send({ method: 'POST', url, headers: headersOf(at, type), payload })
  return {
    db,
    ...createCalls(sendFrom, world.app),
    readCodes: () => readCodes(source),
    readSecrets: () => readSecrets(source),
  }
}

const engines = { 'MariaDB, two processes': openPair, 'SQLite, one process': openSqlite }

/** A race on both engines. */
const race = (
  title: string,
  run: (t: Test, world: Awaited<ReturnType<typeof openPair>>) => Promise<void>,
) => {
  for (const [engine, open] of Object.entries(engines)) {
    t.test(`${title} (${engine})`, { timeout: 120_000 }, async (t) => run(t, await open(t)))
  }
}

type World = Awaited<ReturnType<typeof openPair>>
type CallFrom = World['callFrom']

const password = 'correct horse'

/** An account with an address. */
const registerMail = async ({ callFrom, readCodes }: World, email: string) => {
  const { flow } = await callFrom(0, '/v1/register', { regmode: 'email', user: { email }, password })
  const made = await callFrom(0, '/v1/verify', { flow, code: (await readCodes()).get(String(flow)) })
  const [{ userId }, { skey }] = [made.user as { userId: string }, made.tickets as { skey: string }]
  return { userId: Number(userId), skey }
}

const change = (callFrom: CallFrom, at: number, token: string, address: string) =>
  callFrom(at, '/v1/address/change', { token, kind: 'email', address })

/** The e-mail addresses of an account, and those that its verifiers know; they never differ. */
const readAddresses = async (t: Test, { db }: World, userId: number): Promise<string[]> => {
  const ofUser = <T extends 'addresses' | 'verifiers'>(table: T) =>
    db.write
      .selectFrom(table as 'addresses')
      .select('loginKey')
      .where('userId', '=', userId)
      .execute()
  const keysOf = (rows: { loginKey: Buffer }[]) =>
    rows.map(({ loginKey }) => String(loginKey)).filter((key) => key.startsWith('email:'))
  const [known, opened] = [keysOf(await ofUser('addresses')), keysOf(await ofUser('verifiers'))]
  t.same(opened.sort(), known.sort(), 'what logs in is what the account has')
  return known.map((key) => key.slice('email:'.length))
}

const count = 200
const callers = Array.from({ length: count }, (_, at) => at)

race('200 registrations of one address at once make one account', async (t, world) => {
  const { callFrom, readCodes, db } = world
  const user = { email: 'ann@good.example' }
  const register = (at: number) => callFrom(at, '/v1/register', { regmode: 'email', user })
  const begun = await Promise.all(callers.map(register))
  t.same(new Set(begun.map(({ code }) => code)), new Set([codes.REGISTERED_MAIL_SENT]))
  const codeOf = await readCodes()
  t.equal(codeOf.size, count, 'each flow has a code')
  const ended = await Promise.all(
    begun.map(({ flow }, at) => callFrom(at, '/v1/verify', { flow, code: codeOf.get(String(flow)) })),
  )
  const made = ended.filter(({ code }) => code === codes.REGISTERED)
  t.equal(made.length, 1, 'one is registered')
  const others = new Set(ended.map(({ code }) => code))
  others.delete(codes.REGISTERED)
  t.same([...others], [codes.ALREADY_REGISTERED])
  for (const table of ['accounts', 'addresses', 'users', 'logins'] as const) {
    t.equal((await db.write.selectFrom(table).selectAll().execute()).length, 1, table)
  }
  t.equal((await db.write.selectFrom('verifiers').selectAll().execute()).length, 3, 'address, name, number')
})

race('one code sent many ways at once makes one account', async (t, world) => {
  const { callFrom, readCodes, db } = world
  const user = { email: 'ann@good.example' }
  const { flow } = await callFrom(0, '/v1/register', { regmode: 'email', user })
  const code = (await readCodes()).get(String(flow))
  const ended = await Promise.all(callers.map((at) => callFrom(at, '/v1/verify', { flow, code })))
  t.equal(ended.filter((reply) => reply.code === codes.REGISTERED).length, 1)
  t.same((await db.write.selectFrom('accounts').selectAll().execute()).length, 1)
})

race('a code logs in once', async (t, world) => {
  const { callFrom, readCodes, db } = world
  const user = { email: 'ann@good.example' }
  const { flow: first } = await callFrom(0, '/v1/register', { regmode: 'email', user })
  await callFrom(0, '/v1/verify', { flow: first, code: (await readCodes()).get(String(first)) })
  const { flow } = await callFrom(1, '/v1/code/send', { purpose: 'login', address: user.email })
  const code = (await readCodes()).get(String(flow))
  const ended = await Promise.all(callers.map((at) => callFrom(at, '/v1/login', { flow, code })))
  t.equal(ended.filter((reply) => reply.code === codes.LOGGED_IN).length, 1)
  t.equal((await db.write.selectFrom('logins').selectAll().execute()).length, 2)
})

/** A verified phone that logs in by codes alone; no SMS can be sent here. */
const insertPhone = async (db: World['db'], userId: number, text: string) => {
  const [loginKey, createdAt] = [Buffer.from(`phone:${text}`), Date.now()]
  const row = { userId, kind: 'phone' as const, loginKey, text, verifiedAt: createdAt, createdAt }
  await db.write.insertInto('addresses').values(row).execute()
  const none = { verifier: 'none', nextVerifier: null, saltFrom: null, updatedAt: createdAt }
  await db.write
    .insertInto('verifiers')
    .values({ loginKey, userId, ...none, createdAt })
    .execute()
}

const rounds = 5

race('of two changes at once, each with its right code, one address stays', async (t, world) => {
  const { callFrom, readCodes } = world
  for (let round = 0; round < rounds; round++) {
    const { userId, skey } = await registerMail(world, `old-${round}@good.example`)
    const wanted = [0, 1].map((at) => `new-${round}-${at}@good.example`)
    const begun = await Promise.all(wanted.map((address, at) => change(callFrom, at, skey, address)))
    const codeOf = await readCodes()
    const ended = await Promise.all(
      begun.map(({ flow }, at) => callFrom(at, '/v1/verify', { flow, code: codeOf.get(String(flow)) })),
    )
    t.same(new Set(ended.map(({ code }) => code)), new Set([codes.OK]), 'one after the other')
    const kept = await readAddresses(t, world, userId)
    t.equal(kept.length, 1)
    t.ok(wanted.includes(kept[0] ?? ''), 'the later one')
  }
})

race('of a removal and a change at once, no half of either stays', async (t, world) => {
  const { callFrom, readCodes } = world
  for (let round = 0; round < rounds; round++) {
    const [old, next] = [`old-${round}@good.example`, `new-${round}@good.example`]
    const { userId, skey } = await registerMail(world, old)
    const { flow } = await change(callFrom, 0, skey, next)
    const code = (await readCodes()).get(String(flow))
    const [removed, changed] = await Promise.all([
      callFrom(0, '/v1/address/remove', { token: skey, remove: 'email' }),
      callFrom(1, '/v1/verify', { flow, code }),
    ])
    t.equal(removed?.code, codes.OK, JSON.stringify(removed))
    t.equal(changed?.code, codes.OK, JSON.stringify(changed))
    const kept = await readAddresses(t, world, userId)
    t.ok(kept.length === 0 || (kept.length === 1 && kept[0] === next), `one after the other: ${kept}`)
  }
})

race('of two removals at once, the last way to log in is never among them', async (t, world) => {
  const { callFrom, readCodes, db } = world
  for (let round = 0; round < rounds; round++) {
    const user = { email: `ann-${round}@good.example` }
    const { flow } = await callFrom(0, '/v1/register', { regmode: 'email', user })
    const made = await callFrom(0, '/v1/verify', { flow, code: (await readCodes()).get(String(flow)) })
    const userId = Number((made.user as { userId: string }).userId)
    const { skey } = made.tickets as { skey: string }
    await insertPhone(db, userId, `+86138001380${10 + round}`)
    const removed = await Promise.all(
      ['email', 'phone'].map((remove, at) => callFrom(at, '/v1/address/remove', { token: skey, remove })),
    )
    const ended = removed.map(({ code }) => code).sort()
    t.same(ended, [codes.OK, codes.LAST_LOGIN].sort(), 'one is removed, the other refused')
  }
})

race('an undo that is followed many times at once counts once', async (t, world) => {
  const { callFrom, undoFrom, readCodes, readSecrets } = world
  const { userId, skey } = await registerMail(world, 'old@good.example')
  const { flow } = await change(callFrom, 0, skey, 'thief@bad.example')
  await callFrom(1, '/v1/verify', { flow, code: (await readCodes()).get(String(flow)) })
  t.same(await readAddresses(t, world, userId), ['thief@bad.example'])
  const [secret = ''] = await readSecrets()
  const ended = await Promise.all(callers.slice(0, 50).map((at) => undoFrom(at, secret)))
  t.equal(ended.filter((status) => status === 200).length, 1)
  t.equal(ended.filter((status) => status === 400).length, 49)
  t.same(await readAddresses(t, world, userId), ['old@good.example'])
})

race('an undo ends every change that came since, also one of the same moment', async (t, world) => {
  const { callFrom, undoFrom, readCodes, readSecrets, db } = world
  for (let round = 0; round < rounds; round++) {
    const old = `old-${round}@good.example`
    const { userId, skey } = await registerMail(world, old)
    const begin = (name: string) => change(callFrom, 0, skey, `${name}-${round}@bad.example`)
    const finish = async (at: number, { flow }: Answer) =>
      callFrom(at, '/v1/verify', { flow, code: (await readCodes()).get(String(flow)) })
    await finish(0, await begin('thief'))
    const [secret = ''] = await readSecrets()
    await finish(0, await begin('second'))
    const third = await begin('third')
    const code = (await readCodes()).get(String(third.flow))
    const [undone, late] = await Promise.all([
      undoFrom(1, secret),
      callFrom(0, '/v1/verify', { flow: third.flow, code }),
    ])
    t.equal(undone, 200)
    t.ok([codes.OK, codes.CODE_EXPIRED].includes(late?.code ?? 0), JSON.stringify(late))
    t.same(await readAddresses(t, world, userId), [old], 'the first address is back')
    const links = await db.write
      .selectFrom('addressChanges')
      .select('undoneAt')
      .where('userId', '=', userId)
      .execute()
    t.ok(
      links.every(({ undoneAt }) => undoneAt !== null),
      'and the links of the later changes are over',
    )
    t.equal((await callFrom(0, '/v1/address/list', { token: skey })).code, codes.NOT_LOGGED_IN)
  }
})
