/** A trade in a sealed call while the store is away, or before it comes back from an old copy. */
import { Redis } from 'ioredis'
import t from 'tap'
import { startRedis } from '../../tools/test/harness.ts'
import { codes } from '../harness/codes.ts'
import { randomName } from '../harness/devices.ts'
import { type Answer, type Call, createSealedClient, exchangeSealedKeys } from '../harness/key-client.ts'
import { type ServerProcess, until } from '../harness/test-server.ts'
import { lockRow, openFleet, runFolder, untilRunning } from './fleet.ts'

t.setTimeout(120_000)

const [valid, ended, refused] = [codes.TICKET_VALID, codes.TICKET_ENDED, codes.ENCRYPTION_REQUIRED]

const own = await startRedis({ folder: runFolder() })
const client = new Redis(own.url)
client.on('error', () => {})
t.teardown(async () => {
  client.disconnect()
  await own.stop()
})
const fleet = await openFleet(t, { TORII__STORE__URL: own.url, TORII__PASSWORD__COST: '4' })
const { app } = fleet
const credentials = { appid: app.appId, appsecret: app.appSecret }

const callOf =
  ({ send }: ServerProcess): Call =>
  async (url, members) => {
    const payload = JSON.stringify({ ...credentials, ...members })
    const headers = { 'content-type': 'application/json' }
    return JSON.parse((await send({ method: 'POST', url, headers, payload })).body)
  }
const session = async (at: ServerProcess, token: string) =>
  (await callOf(at)('/v1/session', { token, n: randomName() })).code

/** A user logged in as JSON, and a key of version 2 that is not bound to it yet. */
const enter = async (at: ServerProcess) => {
  const account = { regmode: 'anonymous', user: { userName: randomName() }, password: 'pass word' }
  const { user, tickets } = (await callOf(at)('/v1/register', account)) as Answer & {
    user: { userId: string }
    tickets: { a2: string; skey: string }
  }
  const { keys } = await exchangeSealedKeys(callOf(at), app.appId)
  const headers = { 'content-type': 'application/x-www-form-urlencoded' }
  let target = at
  const sealed = createSealedClient(keys, async (url, form) =>
    target.send({ method: 'POST', url, headers, payload: new URLSearchParams(form).toString() }),
  )
  t.equal(await session(at, tickets.skey), valid)
  return {
    ...tickets,
    trade: (at: ServerProcess) => {
      target = at
      return sealed.call('/v1/ticket/exchange', { token: tickets.a2, to: 'skey', n: randomName() })
    },
    logOut: () => sealed.call('/v1/logout', { token: tickets.skey }),
    /** The row is lifted, and the store takes no writes from then until the end of `work`. */
    tradeUnnoted: async (at: ServerProcess, work: () => Promise<unknown> = async () => {}) => {
      target = at
      const held = await lockRow(t, fleet.database, 'SELECT * FROM logins WHERE user_id = ?', [user.userId])
      const trade = sealed.call('/v1/ticket/exchange', { token: tickets.a2, to: 'skey' })
      await untilRunning(own.url, fleet.database)
      await client.config('SET', 'maxmemory', '1')
      await held.release()
      t.equal((await trade).code, codes.STORE_UNREACHABLE, 'no reply says that it was done')
      await work()
      await client.config('SET', 'maxmemory', '0')
    },
  }
}

t.test('a trade that the store could not note is noted when it is back', async (t) => {
  const { skey, tradeUnnoted } = await enter(fleet.a)
  await tradeUnnoted(fleet.a)
  await until('the gate is there', async () => (await session(fleet.b, skey)) !== valid)
  t.equal(await session(fleet.a, skey), refused)
})

t.test('if the process is killed before that, the retry does it', async (t) => {
  const mortal = await fleet.start(t)
  const { skey, trade, tradeUnnoted } = await enter(mortal)
  await tradeUnnoted(mortal, mortal.kill)
  t.equal((await trade(fleet.b)).code, codes.OK)
  t.equal(await session(fleet.a, skey), refused)
})

t.test('a store that comes back from an old copy knows which logins were lifted since', async (t) => {
  const [lifted, other, gone] = [await enter(fleet.a), await enter(fleet.b), await enter(fleet.a)]
  await client.save()
  for (const { trade } of [lifted, gone]) t.equal((await trade(fleet.a)).code, codes.OK)
  t.equal((await gone.logOut()).code, codes.LOGGED_OUT)
  await own.kill('SIGKILL')
  await own.restart()
  for (const at of [fleet.a, fleet.b]) {
    await until('the store answers', async () => {
      const { status } = await at.send({ method: 'GET', url: '/readyz', headers: {} })
      return status === 200
    })
    t.equal(await session(at, lifted.skey), refused)
    t.equal(await session(at, gone.skey), ended, 'what was lifted and ended has ended')
    t.equal(await session(at, other.skey), valid, 'and nothing else is lost')
  }
})
