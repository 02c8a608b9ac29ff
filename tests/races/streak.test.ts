/** A streak of failed logins is enforced in the statements that count and that insert, not in what was read before. */
import t, { type Test } from 'tap'
import { codes as replyCodes } from '../harness/codes.ts'
import { clientHashOf, createDevice, randomName, registerUser } from '../harness/devices.ts'
import { openShared, openTestServer } from '../harness/test-server.ts'

t.setTimeout(180_000)

// Calls come from elsewhere, in the clear.
const environment = { TORII__SECURITY__PROFILE: 'legacy', TORII__PASSWORD__COST: '4' }
const guesses = 1_000
const networks = 200
type Server = Awaited<ReturnType<typeof openTestServer>>

const checkBurst = async (t: Test, servers: readonly Server[], app: { appId: string; appSecret: string }) => {
  const [first] = servers
  if (!first) throw new Error('no server')
  const send = async (at: number, members: Record<string, unknown>) => {
    const { server } = servers[at % servers.length] ?? first
    const reply = await server.http.inject({
      method: 'POST',
      url: '/v1/login',
      remoteAddress: `10.5.${at % networks}.1`,
      headers: { host: 'localhost', 'content-type': 'application/json' },
      payload: JSON.stringify({ appid: app.appId, appsecret: app.appSecret, ...members }),
    })
    return JSON.parse(reply.body).code as number
  }
  const device = createDevice((await first.connect()).device)
  const user = await registerUser(device, first)
  const codes = await Promise.all(
    Array.from({ length: guesses }, (_, at) =>
      send(at, { ...user.login, clientHash: clientHashOf(`guess ${at}`) }),
    ),
  )
  const judged = codes.filter((code) => code === replyCodes.LOGIN_FAILED).length
  t.comment(`${judged} of ${guesses} judged`)
  // One after another: 100 from any network, then one from each network that has not failed yet.
  t.ok(judged >= 100 && judged <= 100 + networks, `${judged} judged`)
  t.equal(
    codes.filter((code) => code === replyCodes.TOO_OFTEN).length,
    guesses - judged,
    'the others have to wait',
  )
  t.equal(await send(0, { ...user.login, n: randomName() }), replyCodes.TOO_OFTEN, 'the right password, too')
  t.equal(
    (await device.call(first, '/v1/login', { ...user.login, n: randomName() })).code,
    replyCodes.LOGGED_IN,
  )
}

t.test('1,000 guesses at once in one process on SQLite', async (t) => {
  const server = await openTestServer({ environment: { ...environment, TORII__CAPTCHA__MODE: 'never' } })
  t.teardown(server.close)
  await checkBurst(t, [server], server.app)
})

t.test('1,000 guesses at once through two servers on MariaDB', async (t) => {
  const shared = await openShared({ ...environment, TORII__CAPTCHA__MODE: 'never' })
  const servers = [
    await openTestServer({ environment: shared.environment }),
    await openTestServer({ environment: shared.environment }),
  ]
  t.teardown(async () => {
    for (const server of servers) await server.close()
    await shared.close()
  })
  await checkBurst(t, servers, servers[0]?.app ?? shared.app)
})
