/** One address, many callers, two processes. */
import t, { type Test } from 'tap'
import { codes } from '../harness/codes.ts'
import { readCodes } from '../harness/outbox-rows.ts'
import { openShared, spawnServer } from '../harness/test-server.ts'

type Answer = Record<string, unknown> & { code: number }

const environment = {
  TORII__CODES__PER_HOUR_OF_ALL: '1000',
  TORII__CODES__PER_DAY_OF_ALL: '1000',
  TORII__ACCOUNTS__PASSWORD_REQUIRED: 'false',
  // Each caller comes from a network of its own.
  TORII__SERVER__TRUSTED_PROXIES: '["127.0.0.1"]',
}

const open = async (t: Test) => {
  const shared = await openShared(environment)
  const processes = await Promise.all([spawnServer(shared.environment), spawnServer(shared.environment)])
  t.teardown(async () => {
    for (const process of processes) await process.stop()
    await shared.close()
  })
  const { appId, appSecret } = shared.app
  /** From the network number `at`, by one process or the other. */
  const callFrom = async (at: number, path: string, members: Record<string, unknown>): Promise<Answer> => {
    const process = processes[at % 2]
    if (!process) throw new Error('there are two processes')
    const { body } = await process.send({
      method: 'POST',
      url: path,
      headers: {
        'content-type': 'application/json',
        'x-forwarded-for': `10.1.${at}.1`,
        'x-forwarded-proto': 'https',
      },
      payload: JSON.stringify({ appid: appId, appsecret: appSecret, ...members }),
    })
    return JSON.parse(body)
  }
  return { ...shared, callFrom, readCodes: () => readCodes(shared) }
}

const count = 200
const callers = Array.from({ length: count }, (_, at) => at)

t.test('200 registrations of one address at once make one account', async (t) => {
  const { callFrom, readCodes, db } = await open(t)
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

t.test('one code sent many ways at once makes one account', async (t) => {
  const { callFrom, readCodes, db } = await open(t)
  const user = { email: 'ann@good.example' }
  const { flow } = await callFrom(0, '/v1/register', { regmode: 'email', user })
  const code = (await readCodes()).get(String(flow))
  const ended = await Promise.all(callers.map((at) => callFrom(at, '/v1/verify', { flow, code })))
  t.equal(ended.filter((reply) => reply.code === codes.REGISTERED).length, 1)
  t.same((await db.write.selectFrom('accounts').selectAll().execute()).length, 1)
})

t.test('a code logs in once', async (t) => {
  const { callFrom, readCodes, db } = await open(t)
  const user = { email: 'ann@good.example' }
  const { flow: first } = await callFrom(0, '/v1/register', { regmode: 'email', user })
  await callFrom(0, '/v1/verify', { flow: first, code: (await readCodes()).get(String(first)) })
  const { flow } = await callFrom(1, '/v1/code/send', { purpose: 'login', address: user.email })
  const code = (await readCodes()).get(String(flow))
  const ended = await Promise.all(callers.map((at) => callFrom(at, '/v1/login', { flow, code })))
  t.equal(ended.filter((reply) => reply.code === codes.LOGGED_IN).length, 1)
  t.equal((await db.write.selectFrom('logins').selectAll().execute()).length, 2)
})
