/** Which login a key resumes, and how many SKeys that makes. */
import t, { type Test } from 'tap'
import { codes as replyCodes } from '../harness/codes.ts'
import {
  type Answer,
  type Call,
  createSealedClient,
  exchangeSealedKeys,
  frame,
  messageOf,
} from '../harness/key-client.ts'
import { openUserWorld } from './key-world.ts'
import { formOf, type Tickets } from './world.ts'

t.setTimeout(60_000)

const hourMs = 3_600_000
const [valid, unknown] = [replyCodes.TICKET_VALID, replyCodes.NOT_LOGGED_IN]
const skeyOf = (answer: Answer) => (answer.tickets as Tickets).skey

const open = async (t: Test) => {
  const world = await openUserWorld(t)
  const { call, clock, app, request } = world
  return {
    ...world,
    /** A device with a key of version 2. */
    seal: async () => {
      const { keys } = await exchangeSealedKeys(call, app.appId)
      const post = (url: string, form: Record<string, string>) => request({ url, post: formOf(form) })
      const client = createSealedClient(keys, post, () => clock.now())
      const message = { stage: 'clienthello', keyPrint: keys.fingerprint }
      return {
        call: client.call as Call,
        hello: () => client.call('/v1/hello', frame('hello', message, String(clock.now()))),
      }
    },
  }
}

t.test('of one login the newest eight SKeys of resuming live, whatever key it is on', async (t) => {
  const { exchange, hello, login, seal } = await open(t)
  const key = await exchange()
  const { a2, skey } = (await login(key)).tickets as Tickets
  const resumed: string[] = []
  for (let at = 0; at < 5; at++) resumed.push(skeyOf(await hello(key)))
  let token = a2
  for (const rounds of [5, 8]) {
    const device = await seal()
    const traded = await device.call('/v1/ticket/exchange', { token, to: 'skey' })
    token = (traded.tickets as Tickets).a2
    for (let at = 0; at < rounds; at++) resumed.push(skeyOf(await device.hello()))
    const codes = await Promise.all(
      resumed.map(async (token) => (await device.call('/v1/session', { token })).code),
    )
    t.same(codes, [...Array(resumed.length - 8).fill(unknown), ...Array(8).fill(valid)])
    for (const token of [skey, skeyOf(traded)])
      t.equal((await device.call('/v1/session', { token })).code, valid, 'those of logins and trades stay')
  }
})

t.test('of many hellos at once eight SKeys live', async (t) => {
  const { call, exchange, hello, login } = await open(t)
  const key = await exchange()
  await login(key)
  const resumed = await Promise.all(Array.from({ length: 40 }, async () => skeyOf(await hello(key))))
  t.equal(new Set(resumed).size, 40)
  const codes = await Promise.all(resumed.map(async (token) => (await call('/v1/session', { token })).code))
  t.same(
    [valid, unknown].map((code) => codes.filter((it) => it === code).length),
    [8, 32],
  )
})

t.test('a key resumes no login from before it, even if another key had its fingerprint', async (t) => {
  const { server, clock, exchange, hello, login, seal } = await open(t)
  const old = await exchange()
  await login(old)
  clock.add(2 * hourMs)
  const key = await exchange()
  await server.db.write
    .updateTable('logins')
    .set({ keyPrint: key.keyPrint })
    .where('keyPrint', '=', old.keyPrint)
    .execute()
  t.match(await hello(key), { code: replyCodes.OK, hello: { stage: 'needlogin' }, user: undefined })
  const { a2 } = (await login(key)).tickets as Tickets
  t.equal(messageOf(await hello(key)).stage, 'waitdata', 'its own login it does')

  clock.add(2 * hourMs)
  const device = await seal()
  t.equal((await device.call('/v1/ticket/exchange', { token: a2, to: 'skey' })).code, replyCodes.OK)
  t.equal(
    messageOf(await device.hello()).stage,
    'waitdata',
    'an older login that a trade has brought to it too',
  )
})
