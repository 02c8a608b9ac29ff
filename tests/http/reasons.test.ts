/** Why a call is refused: the log says it always, a trial says it to the caller, and production does not. */
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import t from 'tap'
import { codes } from '../harness/codes.ts'
import { embeddedEnvironment, openTestServer, readLine, spawnServer, until } from '../harness/test-server.ts'

t.setTimeout(120_000)

type World = Awaited<ReturnType<typeof openTestServer>>
type Case = {
  what: string
  method?: 'GET' | 'POST' | 'PUT'
  type?: string
  body(app: World['app']): string
  code: keyof typeof codes
  says: RegExp
}

const text = (body: string) => () => body
const login = (members: object) => JSON.stringify({ login: 'amber', password: 'x', ...members })

const cases: readonly Case[] = [
  {
    what: 'a letter too many',
    body: text('{"login":"amber"x}'),
    code: 'ENVELOPE_REFUSED',
    says: /^not JSON: unexpected character at 16$/,
  },
  {
    what: 'half a text',
    body: text('{"login":'),
    code: 'ENVELOPE_REFUSED',
    says: /^not JSON: unexpected character at 9$/,
  },
  {
    what: 'no object',
    body: text('[]'),
    code: 'ENVELOPE_REFUSED',
    says: /^not JSON: unexpected character at 0$/,
  },
  {
    what: 'two objects',
    body: text('{}{}'),
    code: 'ENVELOPE_REFUSED',
    says: /^not JSON: text after the object at 2$/,
  },
  {
    what: 'a member twice',
    body: text('{"a":1,"a":2}'),
    code: 'ENVELOPE_REFUSED',
    says: /^duplicate member$/,
  },
  {
    what: 'no content-type',
    type: '',
    body: text('{}'),
    code: 'PARAMETER_INVALID',
    says: /^no content-type$/,
  },
  {
    what: 'a text',
    type: 'text/plain',
    body: text('{}'),
    code: 'PARAMETER_INVALID',
    says: /application\/json is$/,
  },
  {
    what: 'JSON as a form',
    type: 'application/x-www-form-urlencoded',
    body: text('{}'),
    code: 'ENVELOPE_REFUSED',
    says: /needs content-type: application\/json/,
  },
  {
    what: 'another method',
    method: 'PUT',
    body: text('{}'),
    code: 'METHOD_NOT_SUPPORTED',
    says: /^\/v1\/login is called by /,
  },
  {
    what: 'an unknown app',
    body: () => login({ appid: 'SecretOrId', appsecret: 'x' }),
    code: 'APP_REFUSED',
    says: /^no app has this id: torii app list/,
  },
  {
    what: 'a wrong secret',
    body: ({ appId }) => login({ appid: appId, appsecret: 'x' }),
    code: 'APP_REFUSED',
    says: /^wrong appsecret of app \w{16}: torii app rotate \w{16} /,
  },
  {
    what: 'an app that is not public',
    body: ({ appId }) => login({ appid: appId }),
    code: 'APP_REFUSED',
    says: /which is not public: torii app set \w{16} --public$/,
  },
]

const callFor = async (world: World, one: Case) => {
  const { method = 'POST', type = 'application/json' } = one
  const reply = await world.server.http.inject({
    method,
    url: '/v1/login',
    headers: {
      host: 'localhost',
      'x-forwarded-proto': 'https',
      'x-forwarded-for': '203.0.113.7',
      ...(type && { 'content-type': type }),
    },
    payload: one.body(world.app),
  })
  return JSON.parse(reply.body) as { code: number; info?: string }
}

const proxied = { TORII__SERVER__TRUSTED_PROXIES: '127.0.0.0/8' }

t.test('in a trial info is the reason, in production nothing tells it', async (t) => {
  const trial = await openTestServer({ environment: { ...proxied, TORII__SERVER__TRIAL: 'true' } })
  t.teardown(trial.close)
  const production = await openTestServer({ environment: { ...proxied, TORII__SERVER__TRIAL: 'false' } })
  t.teardown(production.close)
  for (const one of cases) {
    const told = await callFor(trial, one)
    t.match(told, { code: codes[one.code], info: one.says }, `${one.what}, in a trial`)
    const silent = await callFor(production, one)
    t.equal(silent.code, told.code, `${one.what}, in production`)
    t.equal(silent.info, undefined)
  }
})

t.test(
  'the log names app, origin and the command, and a taken name is no fault of the database',
  async (t) => {
    const folder = await mkdtemp(join(tmpdir(), 'torii-test-'))
    t.teardown(() => rm(folder, { recursive: true, force: true }))
    const server = await spawnServer({ ...embeddedEnvironment(folder), TORII__LOG__LEVEL: 'info' })
    t.teardown(() => server.stop())
    const { app } = server
    if (!app) throw new Error('no demo app')
    const call = (path: string, members: object, headers: Record<string, string> = {}) =>
      server.send({
        method: 'POST',
        url: path,
        headers: { 'content-type': 'application/json', ...headers },
        payload: JSON.stringify({ appid: app.appId, ...members }),
      })
    await call('/v1/echo', {}, { origin: 'http://localhost:5173' })
    const amber = {
      appsecret: app.appSecret,
      regmode: 'anonymous',
      user: { userName: 'amber' },
      password: 'correct horse',
    }
    await call('/v1/register', amber)
    await call('/v1/register', amber)
    const refused = await until('both are logged', () => {
      const found = server.lines.map(readLine).filter(({ code }) => String(code).startsWith('2'))
      return found.length === 2 && found
    })
    t.match(refused, [
      {
        level: 30,
        operation: '/v1/echo',
        code: codes.APP_REFUSED,
        reason: `origin http://localhost:5173 is not listed for app ${app.appId}: torii app set ${app.appId} --origin http://localhost:5173`,
      },
      {
        operation: '/v1/register',
        code: codes.ALREADY_REGISTERED,
        app: app.appId,
        reason: /^this name, .* is taken$/,
      },
    ])
  },
)
