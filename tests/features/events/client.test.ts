/** The events of the SDK: they come, and go on after a lost connection. */
import t from 'tap'
import { createClient } from '../../../src/client/index.ts'
import { openEvents } from './world.ts'

t.setTimeout(60_000)

for (const transport of ['json', 'totp'] as const)
  t.test(`the client reads events as they come, over ${transport}`, async (t) => {
    const world = await openEvents(t, { TORII__PASSWORD__COST: '4' })
    const { db, clock, recordEvent } = world
    let lost = 0
    const client = createClient({
      url: 'http://localhost',
      ...world.app,
      transport,
      minimumKdfCost: 4,
      now: clock.now,
      fetch: async (url, init) => {
        const { pathname, search } = new URL(String(url))
        if (pathname === '/v1/event/list' && lost-- > 0) throw new TypeError('the connection is lost')
        const headers = { host: 'localhost', ...(init?.headers as Record<string, string>) }
        const method = init?.method === 'POST' ? 'POST' : 'GET'
        const payload = init?.body
        const reply = await world.send({
          ...{ method, url: pathname + search, headers },
          ...(payload && { payload: String(payload) }),
        })
        const retryAfter = reply.headers['retry-after']
        return new Response(reply.body, {
          status: reply.status,
          headers: retryAfter ? { 'retry-after': String(retryAfter) } : {},
        })
      },
    })
    const { user } = await client.register({ userName: 'amber', password: 'correct horse' })
    const record = () =>
      db.transaction((trx) =>
        recordEvent(trx, { userId: Number(user?.userId), kind: 'friend.followed', otherId: 8 }),
      )
    const { events, last } = await client.listEvents()
    t.match(events, [{ number: 1, kind: 'user.registered' }])
    const stop = new AbortController()
    const coming = client.events({ since: last, signal: stop.signal })
    const first = coming.next()
    await world.untilWaiting(1)
    await record()
    t.match(await first, { value: { number: 2, kind: 'friend.followed', userId: '8' } })
    lost = 3
    const second = coming.next()
    await record()
    t.match(await second, { value: { number: 3 } }, 'a lost connection is no end')
    t.equal(await client.readEvents(2), 1)
    const third = coming.next()
    await world.untilWaiting(1)
    stop.abort()
    t.match(await third, { done: true })
  })
