/** Receivers that fail in each of the ways there are, webhooks that have too much to do, and the bounds. */
import { sql } from 'kysely'
import t from 'tap'
import { openCallWebhook } from '../../src/adapters/webhook-call.ts'
import { createBounds } from '../../src/features/webhooks/deliveries/bounds.ts'
import { shareOf } from '../../src/features/webhooks/deliveries/counts.ts'
import { createKeyEnvironment } from '../features/outbox/world.ts'
import { answer, engines, openReceiver, openWorld } from '../features/webhooks/world.ts'
import { until as untilWithin } from '../harness/test-server.ts'

t.setTimeout(120_000)

const secondMs = 1_000
const dayMs = 24 * 3_600 * secondMs
/** Generous: each step is a turn of a job of the server. */
const until: typeof untilWithin = (what, check) => untilWithin(what, check, 40_000)

const silent = { warn: () => {} }

t.test(
  'each way to fail is told with its reason, delays no other webhook, and ends with the same id',
  async (t) => {
    const environment = { ...createKeyEnvironment(), TORII__WEBHOOKS__TIMEOUT_MS: '400' }
    const { world, add, record, webhook, clock, untilEmpty, rows } = await openWorld(t, environment)
    const elsewhere = await openReceiver(t)
    const ways: [reply: Parameters<typeof openReceiver>[1], problem: RegExp][] = [
      [answer(500), /^answers 500$/],
      [answer(404), /^answers 404: it has nothing at this path/],
      [answer(401), /^answers 401: it refuses the signature/],
      [answer(503, { 'retry-after': '60' }), /^answers 503$/],
      [answer(307, { location: elsewhere.url }), /^answers 307 and names another place$/],
      [() => {}, /^no answer within 400 ms \(webhooks\.timeoutMs\)$/],
      [
        (_call, response) => {
          // It ends when the reader goes away.
          const chunk = Buffer.alloc(16_384)
          const write = () => {
            while (!response.destroyed && response.write(chunk));
            response.once('drain', write)
          }
          response.on('error', () => {})
          write()
        },
        /^answers more than 65536 bytes$/,
      ],
      [(_call, response) => response.destroy(), /ECONNRESET|socket hang up/],
    ]
    const receivers = await Promise.all(ways.map(([reply]) => openReceiver(t, reply)))
    const webhooks = []
    // Each has an app of its own, as apps have few webhooks.
    for (const { url } of receivers) {
      const { appId } = await world.server.apps.add({ name: 'one' })
      webhooks.push(await add(appId, url))
    }
    const well = await openReceiver(t)
    await add(world.app.appId, well.url)
    await record({ userId: 3, kind: 'user.deleted' })
    await until('the one that works has it', () => well.calls.length === 1)
    for (const [at, [, problem]] of ways.entries()) {
      const { webhookId } = webhooks[at] ?? { webhookId: '' }
      const failing = await until(`it fails: ${problem}`, async () => {
        const row = await webhook(webhookId)
        return row.failingSince !== null && row
      })
      t.match(failing.problem, problem)
    }
    const told = (await rows()).map(({ problem, attempts }) => [problem !== '', attempts])
    t.same(
      told,
      ways.map(() => [true, 1]),
    )
    const asked = (await webhook(webhooks[3]?.webhookId ?? '')).restsUntil - clock.now()
    t.equal(asked, 60 * secondMs, 'a receiver that asks for a pause gets it')

    for (const receiver of receivers) receiver.reply = answer(200)
    await untilEmpty('all have arrived', () => clock.add(secondMs))
    for (const { calls } of receivers) {
      t.ok(calls.length >= 2)
      t.equal(new Set(calls.map(({ headers, body }) => `${headers['webhook-id']} ${body}`)).size, 1)
    }
    t.equal(elsewhere.calls.length, 0, 'a redirect is not followed')
    for (const { webhookId } of webhooks)
      t.match(await webhook(webhookId), { failingSince: null, problem: '' })
  },
)

t.test(
  'a receiver that answers 410 Gone is not called again, and an administrator can take it back',
  async (t) => {
    const { add, record, webhook, clock, admin, appId, db, rows, untilEmpty, world } = await openWorld(t)
    const receiver = await openReceiver(t, answer(410))
    const { webhookId } = await add(appId, receiver.url)
    await record({ userId: 3, kind: 'user.registered', appId })
    await until('it is disabled', async () => (await webhook(webhookId)).disabledAt !== null)
    const bounds = createBounds({
      db,
      clock,
      logger: silent,
      isIdle: () => false,
      giveUpAfterMs: 3 * dayMs,
      maxWaiting: 100,
      maxWaitingInAll: 1_000,
    })
    await bounds.work()
    const { host } = new URL(receiver.url)
    t.equal(
      bounds.problem(),
      `webhook ${webhookId} (${host}) answers 410 Gone, so it gets no events; ` +
        `"torii webhook set ${webhookId} --enable", or "torii webhook remove ${webhookId}"`,
    )
    const kinds = await db.write.selectFrom('auditEvents').select('kind').execute()
    t.ok(kinds.some(({ kind }) => kind === 'webhook.gone'))
    await record({ userId: 3, kind: 'user.registered', appId })
    t.equal((await rows()).length, 1, 'a disabled webhook gets no new events')
    receiver.reply = answer(200)
    await admin.webhooks.set(webhookId, { isDisabled: false })
    await untilEmpty('what waited has arrived', () => clock.add(secondMs))
    t.match(await webhook(webhookId), { disabledAt: null, problem: '' })
    t.equal((await world.server.http.inject({ method: 'GET', url: '/readyz' })).statusCode, 200)
  },
)

t.test(
  'what does not arrive in three days is a dead letter, which arrives when it is replayed',
  async (t) => {
    const { add, record, clock, admin, appId, rows, untilEmpty } = await openWorld(t)
    const receiver = await openReceiver(t, answer(500))
    const { webhookId } = await add(appId, receiver.url)
    await record({ userId: 3, kind: 'user.registered', appId }, { userId: 3, kind: 'user.recovered', appId })
    await until('it is tried once', () => receiver.calls.length === 1)
    clock.add(3 * dayMs)
    const dead = async () => (await admin.webhooks.listDead(webhookId, 10)).length
    await until('both are dead letters', async () => {
      clock.add(60 * secondMs)
      return (await dead()) === 2
    })
    t.match(await rows(), [
      { state: 'dead', problem: 'answers 500', kind: 'user.registered' },
      { state: 'dead' },
    ])
    receiver.reply = answer(200)
    const before = receiver.calls.length
    t.equal(await admin.webhooks.replay(webhookId), 2)
    await untilEmpty('both have arrived', () => clock.add(60 * secondMs))
    const replayed = receiver.calls.slice(before)
    t.same(
      replayed.map(({ payload }) => payload.data.number),
      [1, 2],
    )
    t.equal(replayed[0]?.headers['webhook-id'], receiver.calls[0]?.headers['webhook-id'])
  },
)

t.test('the address that was checked is the one that is called, and a private one is not', async (t) => {
  const { world, clock } = await openWorld(t)
  const receiver = await openReceiver(t)
  const { port } = new URL(receiver.url)
  const answers = ['127.0.0.1', '10.9.9.9']
  let asked = 0
  const resolve = async () => [{ address: answers[asked++] ?? '', family: 4 }]
  const call = openCallWebhook({ config: world.config, clock, isTrial: true, resolve })
  const parts = { secrets: [Buffer.alloc(32)], id: 'a', body: '{}' }
  t.match(await call({ ...parts, url: `http://rebound.example:${port}/` }), { status: 204 })
  t.equal(asked, 1, 'the name is looked up once')
  await t.rejects(call({ ...parts, url: `https://rebound.example:${port}/` }), {
    reason: 'address refused',
    message: /10\.9\.9\.9 is not a public address \(outgoing\.privateNetworks\)/,
  })
  t.equal(receiver.calls.length, 1)
})

t.test('a share is what each may have, so that those with few keep all of theirs', async (t) => {
  t.equal(shareOf([1, 2, 3], 6), Number.POSITIVE_INFINITY)
  t.equal(shareOf([1, 2, 30], 13), 10)
  t.equal(shareOf([30, 30, 1], 21), 10)
  t.equal(shareOf([], 5), Number.POSITIVE_INFINITY)
  t.equal(shareOf([7], 0), 0)
})

for (const [engine, open] of engines)
  t.test(`${engine}: a flood of events by one app costs another app nothing`, async (t) => {
    const { world, db, clock, add, record, appId, rows, admin } = await openWorld(t, await open(t))
    const { appId: quiet } = await world.server.apps.add({ name: 'quiet' })
    // Nothing listens there.
    const url = 'http://127.0.0.1:1/'
    const [loud, small] = [await add(appId, url), await add(quiet, url)]
    await record(
      ...Array.from({ length: 20 }, () => ({ userId: 1, kind: 'user.registered' as const, appId: quiet })),
    )
    for (let round = 0; round < 6; round++) {
      clock.add(secondMs)
      await record(
        ...Array.from({ length: 50 }, () => ({ userId: 2, kind: 'user.registered' as const, appId })),
      )
    }
    const boundsOf = (maxWaiting: number, maxWaitingInAll: number) =>
      createBounds({
        db,
        clock,
        logger: silent,
        isIdle: () => false,
        giveUpAfterMs: 3 * dayMs,
        maxWaiting,
        maxWaitingInAll,
      })
    const countsOf = async () => {
      const counts = await admin.webhooks.counts()
      return [counts.get(loud.webhookId), counts.get(small.webhookId)]
    }
    const ofOne = boundsOf(250, 10_000)
    await ofOne.work()
    t.same(await countsOf(), [
      { waiting: 250, dead: 50 },
      { waiting: 20, dead: 0 },
    ])
    t.match(ofOne.problem(), new RegExp(`^webhook ${loud.webhookId} .* too many deliveries wait`))
    const inAll = boundsOf(250, 100)
    await inAll.work()
    t.match(await countsOf(), [{ waiting: 80 }, { waiting: 20, dead: 0 }], 'the one with the most gives up')
    const kept = (await rows()).filter((row) => row.state === 'waiting' && row.userId === 2)
    t.ok(
      kept.every(({ number }) => number > 200),
      'the oldest are given up: of those of one moment, any',
    )
    await inAll.work()
    t.match(await countsOf(), [{ waiting: 80, dead: 100 }, {}], 'dead letters have the same bound')
    await admin.webhooks.remove(loud.webhookId)
    await inAll.work()
    t.match(await countsOf(), [undefined, { waiting: 20 }], 'of a removed webhook nothing stays')
    await db.write
      .updateTable('webhooks')
      .set({ failingSince: clock.now() - 600 * secondMs, problem: 'x' })
      .execute()
    await db.write.deleteFrom('deliveries').execute()
    await inAll.work()
    await inAll.work()
    t.equal(inAll.problem(), '', 'without anything that waits no failure is told for ever')
  })

t.test('a database that fails once gives the webhook back, and the event comes again', async (t) => {
  const { add, record, appId, db, untilEmpty } = await openWorld(t)
  const receiver = await openReceiver(t)
  await add(appId, receiver.url)
  await sql`create trigger failing before delete on deliveries begin select raise(abort, 'full'); end`.execute(
    db.write,
  )
  await record({ userId: 3, kind: 'user.registered', appId })
  await until('it is called twice', () => receiver.calls.length >= 2)
  await sql`drop trigger failing`.execute(db.write)
  // The clock stands still: a claim that was kept would last for ever.
  await untilEmpty('it has arrived')
  t.equal(new Set(receiver.calls.map(({ headers }) => headers['webhook-id'])).size, 1)
})

t.test('a slow receiver has its own calls alone', async (t) => {
  const { world, add, record, appId, untilEmpty, clock } = await openWorld(t)
  const held: (() => void)[] = []
  const slow = await openReceiver(t, (_call, response) => void held.push(() => response.writeHead(200).end()))
  const quick = await openReceiver(t)
  const { appId: other } = await world.server.apps.add({ name: 'quick' })
  await add(appId, slow.url)
  await add(other, quick.url)
  for (let userId = 1; userId <= 30; userId++)
    await record(
      { userId, kind: 'user.registered', appId },
      { userId, kind: 'user.registered', appId: other },
    )
  await until('the quick one has all', () => quick.calls.length === 30)
  t.ok(slow.calls.length <= 10, `${slow.calls.length} calls are held: webhooks.atOnce`)
  slow.reply = answer(200)
  await until('its calls are there', () => held.length >= 1)
  for (const release of held) release()
  await untilEmpty('the slow one has all', () => clock.add(secondMs))
  t.equal(slow.calls.length, 30, 'each came once')
})
