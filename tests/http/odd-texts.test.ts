/** One odd character of every Unicode category in every text member of every operation: refused or kept, never a 5xx. */
import t, { type Test } from 'tap'
import type { OperationShape } from '../../src/http/caller.ts'
import { catalogue } from '../../src/protocol/errors.ts'
import { openShared, openTestServer } from '../harness/test-server.ts'
import { normalCall, shapes, textMembersOf, withText } from './texts.ts'
import { checkRefusal, openWorld } from './world.ts'

t.setTimeout(120_000)

/** Lone surrogates (Cs) are refused where JSON is read. */
const categories = [
  ...[
    'Lu',
    'Ll',
    'Lt',
    'Lm',
    'Lo',
    'Mn',
    'Mc',
    'Me',
    'Nd',
    'Nl',
    'No',
    'Pc',
    'Pd',
    'Ps',
    'Pe',
    'Pi',
    'Pf',
    'Po',
  ],
  ...['Sm', 'Sc', 'Sk', 'So', 'Zs', 'Zl', 'Zp', 'Cc', 'Cf', 'Co', 'Cn'],
]

/** The last one of each category that is not ASCII, so that most are outside the basic plane. */
const oddCharacters = () => {
  const found = new Map<string, string>(categories.map((name) => [name, '']))
  const patterns = categories.map((name) => [name, new RegExp(`^\\p{${name}}$`, 'u')] as const)
  for (let point = 0x80; point < 0x11_0000; point += point < 0x3000 ? 1 : 61) {
    if (point >= 0xd800 && point < 0xe000) continue
    const character = String.fromCodePoint(point)
    const match = patterns.find(([, pattern]) => pattern.test(character))
    if (match) found.set(match[0], character)
  }
  return [...found.values(), '\u0000', '\u001b', '\u007f', 'é', '中', '😀']
}
const odd = oddCharacters()

const walk = async (
  t: Test,
  send: (shape: OperationShape, members: Record<string, unknown>) => Promise<number>,
) => {
  let calls = 0
  for (const shape of shapes) {
    const broken: string[] = []
    for (const { path } of textMembersOf(shape)) {
      for (const character of odd) {
        const members = withText(normalCall(shape.path, calls++), path, `a${character}b`)
        const status = await send(shape, members)
        const point = character.codePointAt(0)?.toString(16)
        if (status >= 500) broken.push(`${path.join('.')} with U+${point}: ${status}`)
      }
    }
    t.same(broken, [], shape.path)
  }
  t.ok(calls > 1_500, `${calls} calls`)
}

type Opened = Awaited<ReturnType<typeof openTestServer>>
const createSend =
  ({ server }: Opened, app: { appId: string; appSecret: string }) =>
  async ({ path, bare }: OperationShape, members: Record<string, unknown>) => {
    const own = bare ? { n: app.appId, s: app.appSecret } : { appid: app.appId, appsecret: app.appSecret }
    const { statusCode } = await server.http.inject({
      method: 'POST',
      url: path,
      headers: { host: 'localhost', 'content-type': 'application/json' },
      payload: JSON.stringify({ ...own, ...members }),
    })
    return statusCode
  }

t.test('on SQLite and in the memory store', async (t) => {
  const opened = await openTestServer({ environment: { TORII__PASSWORD__COST: '4' } })
  t.teardown(opened.close)
  await walk(t, createSend(opened, opened.app))
})

t.test('on MariaDB and Redis', async (t) => {
  const shared = await openShared({ TORII__PASSWORD__COST: '4' })
  const opened = await openTestServer({ environment: shared.environment })
  t.teardown(async () => {
    await opened.close()
    await shared.close()
  })
  await walk(t, createSend(opened, shared.app))
})

t.test('what cannot be an app id is refused like an unknown one, without a query', async (t) => {
  const world = await openWorld(t)
  const { server, request } = world
  for (const appid of ['é', '中', '😀', 'a\u0000b', '', ' ', 'a'.repeat(65), 'a-b']) {
    const before = server.db.trips
    const reply = await request({ url: '/v1/echo', json: { appid, appsecret: 'x' } })
    checkRefusal(t, reply, 'APP_REFUSED', { message: JSON.stringify(appid) })
    t.equal(server.db.trips - before, 0, 'no trip to the database')
    await t.rejects(world.admin.apps.show(appid), { message: catalogue.APP_REFUSED.text.en })
  }
})

t.test('control characters are refused in every text that is kept', async (t) => {
  const world = await openWorld(t)
  const user = { userName: 'control' }
  for (const character of ['\u0000', '\n', '\u001b', '\u007f', '\u0085']) {
    for (const name of ['type', 'os', 'device', 'osver']) {
      const members = { regmode: 'anonymous', user, password: 'x', device: { [name]: `a${character}` } }
      const { json } = await world.callJson('/v1/register', members)
      t.match(json, { code: catalogue.PARAMETER_INVALID.code, info: `device.${name}` })
    }
    for (const name of ['type', 'os', 'device']) {
      const { appId: n, appSecret: s } = world.app
      const reply = await world.request({ url: '/v1/totp', json: { n, s, [name]: `a${character}` } })
      t.match(checkRefusal(t, reply, 'PARAMETER_INVALID'), { info: name })
    }
    for (const path of ['/v1/prelogin', '/v1/login']) {
      const { json } = await world.callJson(path, { login: `am${character}ber`, password: 'x' })
      t.match(json, { code: catalogue.PARAMETER_INVALID.code, info: 'login' })
    }
  }
})
