/** A web code in many hands at once, at two processes; and one of a sealed login in a weaker envelope. */
import t from 'tap'
import { codes } from '../harness/codes.ts'
import { countCodes, randomName, registerUser } from '../harness/devices.ts'
import { type Answer, createSealedClient, exchangeSealedKeys } from '../harness/key-client.ts'
import { challengeOf } from '../harness/web-codes.ts'
import { openFleet } from './fleet.ts'

t.setTimeout(120_000)
const fleet = await openFleet(t)
const { a, b } = fleet
const device = await fleet.connect()
const verifier = 'v'.repeat(43)
const challenge = challengeOf(verifier)

const ask = async (token: string, by = device) => {
  const { json } = await by.call(a, '/v1/ticket/web-code', { token, challenge, n: randomName() })
  return String(json.webCode)
}

t.test('twenty calls at two processes share out one code: one of them gets the login', async (t) => {
  for (let round = 0; round < 5; round++) {
    const { skey } = await registerUser(device, a)
    const webCode = await ask(skey)
    const replies = await Promise.all(
      Array.from({ length: 20 }, (_, at) =>
        device.call(at % 2 ? a : b, '/v1/ticket/web-code/redeem', { webCode, verifier, n: randomName() }),
      ),
    )
    t.same(countCodes(replies), { [codes.LOGGED_IN]: 1, [codes.WEB_CODE_INVALID]: 19 })
  }
})

t.test('wrong verifiers beside the right one take nothing from it', async (t) => {
  const { skey } = await registerUser(device, a)
  const webCode = await ask(skey)
  const wrong = (at: number) =>
    device.call(at % 2 ? a : b, '/v1/ticket/web-code/redeem', { webCode, verifier: `${at}`.padEnd(43, 'w') })
  const right = device.call(b, '/v1/ticket/web-code/redeem', { webCode, verifier })
  const replies = await Promise.all([...Array.from({ length: 19 }, (_, at) => wrong(at)), right])
  t.same(countCodes(replies), { [codes.LOGGED_IN]: 1, [codes.WEB_CODE_INVALID]: 19 })
})

t.test('a byte-equal copy of a good call gets its reply, and makes no second SKey', async (t) => {
  const { skey } = await registerUser(device, a)
  const j = device.seal({ webCode: await ask(skey), verifier })
  const first = await device.send(a, '/v1/ticket/web-code/redeem', j)
  t.equal(first.code, codes.LOGGED_IN)
  t.same((await device.send(b, '/v1/ticket/web-code/redeem', j)).json, first.json)
})

t.test('a logout between code and call ends it, whichever process it meets', async (t) => {
  const { skey } = await registerUser(device, a)
  const webCode = await ask(skey)
  await device.call(b, '/v1/logout', { token: skey })
  const reply = await device.call(a, '/v1/ticket/web-code/redeem', { webCode, verifier })
  t.equal(reply.code, codes.WEB_CODE_INVALID)
})

t.test(
  'a code of a sealed login is worth nothing in a weaker envelope, and is not used up there',
  async (t) => {
    const { appId: appid, appSecret: appsecret } = fleet.app
    const post = (url: string, payload: string, type: string) =>
      a.send({ method: 'POST', url, headers: { host: 'localhost', 'content-type': type }, payload })
    const callJson = async (url: string, members: object) => {
      const reply = await post(url, JSON.stringify({ appid, appsecret, ...members }), 'application/json')
      return JSON.parse(reply.body) as Answer
    }
    const { keys } = await exchangeSealedKeys(callJson, appid)
    const sealed = createSealedClient(keys, (url, form) =>
      post(url, new URLSearchParams(form).toString(), 'application/x-www-form-urlencoded'),
    )
    const user = await registerUser(device, a)
    const { skey } = (await sealed.call('/v1/login', user.login)).tickets as { skey: string }
    const { webCode } = await sealed.call('/v1/ticket/web-code', { token: skey, challenge })
    t.match(webCode, /^ws_/)
    const redeem = { webCode, verifier }
    t.equal((await callJson('/v1/ticket/web-code/redeem', redeem)).code, codes.ENCRYPTION_REQUIRED, 'JSON')
    const inTotp = await device.call(b, '/v1/ticket/web-code/redeem', redeem)
    t.equal(inTotp.code, codes.ENCRYPTION_REQUIRED, 't and j')
    const renamed = { webCode: `wc_${String(webCode).slice(3)}`, verifier }
    t.equal(
      (await callJson('/v1/ticket/web-code/redeem', renamed)).code,
      codes.WEB_CODE_INVALID,
      'another prefix',
    )
    const good = await sealed.call('/v1/ticket/web-code/redeem', redeem)
    t.match(good, { code: codes.LOGGED_IN, tickets: { skey: /^sk_/ } })
    const { skey: token } = good.tickets as { skey: string }
    t.equal((await callJson('/v1/session', { token })).code, codes.ENCRYPTION_REQUIRED, 'so is its SKey')
  },
)
