/** Events on their way to receivers, on both engines: signed, once in order, and to whom they are for. */
import { Webhook } from 'standardwebhooks'
import t from 'tap'
import { until } from '../../harness/test-server.ts'
import { answer, engines, openReceiver, openWorld } from './world.ts'

t.setTimeout(120_000)

for (const [engine, open] of engines) {
  t.test(`${engine}: a receiver verifies each call by the package of Standard Webhooks`, async (t) => {
    const receiver = await openReceiver(t)
    const { add, record, admin, sealer, appId, clock, untilEmpty, webhook } = await openWorld(
      t,
      await open(t),
    )
    const added = await add(appId, receiver.url)
    const detail = { login: 'a1', reason: 'logged-out' }
    await record({ userId: 7, kind: 'login.ended', appId, detail })
    await untilEmpty('the delivery has arrived')
    const [call] = receiver.calls
    if (!call) throw new Error('no call')
    t.same(new Webhook(added.secret).verify(call.body, call.headers), {
      type: 'login.ended',
      timestamp: new Date(clock.now()).toISOString(),
      data: { userId: '7', number: 1, app: appId, detail },
    })
    t.match(call.headers, { 'content-type': 'application/json', 'webhook-id': /^[0-9a-f]{32}$/ })

    const rotated = await admin.webhooks.rotate(sealer, added.webhookId)
    await record({ userId: 7, kind: 'user.registered' })
    await untilEmpty('the delivery of two signatures has arrived')
    const [, second] = receiver.calls
    for (const secret of [added.secret, rotated?.secret ?? ''])
      t.ok(new Webhook(secret).verify(second?.body ?? '', second?.headers ?? {}), 'either secret is good')

    await admin.webhooks.finishRotation(added.webhookId)
    await record({ userId: 7, kind: 'user.registered' })
    await untilEmpty('the delivery of one signature has arrived')
    const [, , third] = receiver.calls
    t.ok(new Webhook(rotated?.secret ?? '').verify(third?.body ?? '', third?.headers ?? {}))
    t.throws(() => new Webhook(added.secret).verify(third?.body ?? '', third?.headers ?? {}))
    t.same(
      receiver.calls.map(({ payload }) => payload.data.number),
      [1, 2, 3],
    )
    t.equal((await webhook(added.webhookId)).failingSince, null)
  })

  t.test(`${engine}: an event goes to the webhooks that take it, and to no other`, async (t) => {
    const { world, add, record, rows, admin, appId } = await openWorld(t, await open(t))
    const { appId: other } = await world.server.apps.add({ name: 'other' })
    const { appId: backend } = await world.server.apps.add({ name: 'backend', checks: [appId] })
    // Nothing listens there, so that all rows stay.
    const url = 'http://127.0.0.1:1/'
    const names = new Map([
      [(await add(appId, url)).webhookId, 'own'],
      [(await add(appId, url, ['user.deleted'])).webhookId, 'deleted'],
      [(await add(other, url)).webhookId, 'other'],
      [(await add(backend, url)).webhookId, 'backend'],
    ])
    const takenBy = async (userId: number) =>
      (await rows())
        .filter((row) => row.userId === userId)
        .map((row) => names.get(row.webhookId))
        .sort()
    await record({ userId: 1, kind: 'user.registered', appId })
    t.same(await takenBy(1), ['backend', 'own'])
    await record({ userId: 2, kind: 'user.deleted' })
    t.same(await takenBy(2), ['backend', 'deleted', 'other', 'own'], 'an event of no app is for all')
    await admin.apps.disable(other)
    await admin.webhooks.set([...names.keys()][0] ?? '', { isDisabled: true })
    await record({ userId: 3, kind: 'user.deleted' })
    t.same(await takenBy(3), ['backend', 'deleted'])

    await admin.apps.remove(other)
    t.same(await admin.webhooks.list(other), [], 'an app takes its webhooks with it')
    for (const webhookId of names.keys()) await admin.webhooks.remove(webhookId)
    t.same(await admin.webhooks.list(), [])
  })

  t.test(
    `${engine}: without a webhook an event costs no trip, and is taken back with its transaction`,
    async (t) => {
      const { add, admin, appId, db, rows, record } = await openWorld(t, await open(t))
      const { recordEvent } = admin
      // Trips of the jobs of the server are none of the transaction's: the fewest of some runs count.
      const tripsOf = async () => {
        const counts: number[] = []
        for (let run = 0; run < 5; run++) {
          await db.transaction(async (trx) => {
            const before = db.trips
            await recordEvent(trx, { userId: 5, kind: 'user.registered', appId })
            counts.push(db.trips - before)
          })
        }
        return Math.min(...counts)
      }
      t.equal(await tripsOf(), 2, 'the number, and the row of the list')
      await add(appId, 'http://127.0.0.1:1/')
      const failed = record({ userId: 6, kind: 'user.registered' }, { userId: -1, kind: 'user.registered' })
      await failed.catch(() => {})
      const taken = db.transaction(async (trx) => {
        await recordEvent(trx, { userId: 8, kind: 'user.registered' })
        throw new Error('taken back')
      })
      await t.rejects(taken, /taken back/)
      t.notOk((await rows()).some(({ userId }) => userId === 8))
    },
  )

  t.test(`${engine}: what fails for one user delays that user alone, and keeps the order`, async (t) => {
    let isMended = false
    const receiver = await openReceiver(t, ({ payload }, response) => {
      const isPoison = !isMended && payload.data.userId === '1' && payload.data.number >= 2
      response.writeHead(isPoison ? 500 : 200).end('a text that nothing reads')
    })
    const { add, record, appId, rows, clock, untilEmpty } = await openWorld(t, await open(t))
    await add(appId, receiver.url)
    for (let round = 0; round < 4; round++)
      for (let userId = 1; userId <= 20; userId++) await record({ userId, kind: 'user.registered', appId })
    await until('all but those of one user', async () => (await rows()).every(({ userId }) => userId === 1))
    await until('an attempt', async () => (await rows())[0]?.attempts === 1)
    t.match(await rows(), [{ number: 2, problem: 'answers 500' }, { number: 3, attempts: 0 }, { number: 4 }])
    const numbersOf = (userId: string) =>
      receiver.calls
        .filter(({ payload }) => payload.data.userId === userId)
        .map(({ payload }) => payload.data.number)
    t.same(numbersOf('20'), [1, 2, 3, 4])
    await record({ userId: 1, kind: 'user.registered', appId })
    isMended = true
    await untilEmpty('the rest has arrived', () => clock.add(1_000))
    t.same([...new Set(numbersOf('1'))], [1, 2, 3, 4, 5], 'each after the one before')
    const ids = receiver.calls.filter(
      ({ payload }) => payload.data.userId === '1' && payload.data.number === 2,
    )
    t.equal(new Set(ids.map(({ headers }) => headers['webhook-id'])).size, 1, 'the same id at each attempt')
  })

  t.test(
    `${engine}: a receiver that is down for five minutes gets all in order, and is told of meanwhile`,
    async (t) => {
      let isDown = true
      const receiver = await openReceiver(t, (call, response) => answer(isDown ? 503 : 200)(call, response))
      const { add, record, appId, clock, webhook, untilEmpty, rows } = await openWorld(t, await open(t))
      const { webhookId } = await add(appId, receiver.url)
      for (let round = 0; round < 3; round++)
        for (let userId = 1; userId <= 5; userId++)
          await record({ userId, kind: 'user.changed', appId, detail: { members: ['icon'] } })
      const startMs = clock.now()
      await until(
        'five minutes are over',
        () => {
          clock.add(1_000)
          return clock.now() - startMs > 300_000
        },
        60_000,
      )
      const { failingSince, failures, problem } = await webhook(webhookId)
      t.ok(failingSince !== null && failures > 0, 'it fails')
      t.equal(problem, 'answers 503')
      t.equal((await rows()).length, 15, 'nothing is lost')
      isDown = false
      const before = receiver.calls.length
      t.ok(before < 100, `${before} calls: a receiver that fails is tried by one delivery at a time`)
      await untilEmpty('all has arrived', () => clock.add(1_000))
      for (let userId = 1; userId <= 5; userId++) {
        const arrived = receiver.calls
          .slice(before)
          .filter(({ payload }) => payload.data.userId === `${userId}`)
        t.same(
          arrived.map(({ payload }) => payload.data.number),
          [1, 2, 3],
        )
      }
      t.match(await webhook(webhookId), { failingSince: null, failures: 0, problem: '' })
    },
  )
}
