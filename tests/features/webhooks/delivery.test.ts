/** Events on their way to receivers, on both engines: signed, once in order, and to whom they are for. */
import { Webhook } from 'standardwebhooks'
import t from 'tap'
import { engines, openReceiver, openWorld } from './world.ts'

t.setTimeout(120_000)

for (const [engine, open] of engines)
  t.test(engine, async (t) => {
    const opened = await openWorld(t, await open(t))

    t.test(`a receiver verifies each call by the package of Standard Webhooks`, async (t) => {
      const receiver = await openReceiver(t)
      const { add, record, admin, sealer, appId, clock, untilEmpty, webhook } = opened
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
      await admin.webhooks.remove(added.webhookId)
    })

    t.test(`without a webhook an event costs no trip, and is taken back with its transaction`, async (t) => {
      const { add, admin, appId, db, rows, record, recordIn } = opened
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
      const { webhookId } = await add(appId, 'http://127.0.0.1:1/')
      const taken = db.transaction(async (trx) => {
        await recordIn(trx, { userId: 8, kind: 'user.registered' })
        throw new Error('taken back')
      })
      await t.rejects(taken, /taken back/)
      t.notOk((await rows()).some(({ userId }) => userId === 8))
      await record({ userId: 8, kind: 'user.registered' })
      t.ok((await rows()).some(({ userId }) => userId === 8))
      await admin.webhooks.remove(webhookId)
    })

    t.test(`an event goes to the webhooks that take it, and to no other`, async (t) => {
      const { world, add, record, rows, admin, appId } = opened
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
  })
