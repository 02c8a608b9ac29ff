/** Receivers that are down for a while, and processes that are killed while they call: each event arrives, in order. */
import t, { type Test } from 'tap'
import { loadConfig } from '../../src/config/load.ts'
import {
  answer,
  createActs,
  engines,
  openReceiver,
  openWorld,
  type Receiver,
} from '../features/webhooks/world.ts'
import { type Environment, openShared, spawnServer, until } from '../harness/test-server.ts'

t.setTimeout(300_000)

for (const [engine, open] of engines) {
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

const openFleet = async (t: Test, environment: Environment = {}) => {
  const shared = await openShared(environment)
  t.teardown(() => shared.close())
  const spawn = async () => {
    const server = await spawnServer(shared.environment)
    t.teardown(() => server.kill())
    return server
  }
  return { spawn, appId: shared.app.appId, ...createActs(shared.db, loadConfig(shared.environment)) }
}

/** The numbers of a user in the order in which each arrived for the first time. */
const firstsOf = ({ calls }: Receiver, userId: number) => [
  ...new Set(
    calls
      .filter(({ payload }) => payload.data.userId === `${userId}`)
      .map(({ payload }) => payload.data.number),
  ),
]

t.test('two processes deliver in order, though every third call fails', async (t) => {
  let count = 0
  const taken: Receiver = { calls: [], reply: answer(200), url: '', close: async () => {} }
  const receiver = await openReceiver(t, (call, response) => {
    const isTaken = ++count % 3 !== 0
    if (isTaken) taken.calls.push(call)
    response.writeHead(isTaken ? 204 : 500).end()
  })
  const { spawn, appId, add, record, untilEmpty } = await openFleet(t)
  await add(appId, receiver.url)
  await Promise.all([spawn(), spawn()])
  const users = Array.from({ length: 12 }, (_, at) => at + 1)
  for (let round = 0; round < 3; round++)
    await Promise.all(users.map((userId) => record({ userId, kind: 'user.registered', appId })))
  await untilEmpty('all have arrived', () => {}, 180_000)
  for (const userId of users) t.same(firstsOf(taken, userId), [1, 2, 3], `user ${userId}`)
  t.equal(taken.calls.length, 36, 'what was taken did not come again')
})

t.test(
  'what a process was to deliver when it was killed is delivered by another, with the same id',
  async (t) => {
    const receiver = await openReceiver(t, () => {})
    const { spawn, appId, add, record, rows, untilEmpty } = await openFleet(t)
    await add(appId, receiver.url)
    for (let userId = 1; userId <= 5; userId++)
      await record({ userId, kind: 'user.registered', appId }, { userId, kind: 'user.recovered', appId })
    const first = await spawn()
    await until('calls are under way', () => receiver.calls.length === 5, 30_000)
    await first.kill()
    t.equal((await rows()).length, 10, 'each row waits')
    const ids = new Set(receiver.calls.map(({ headers }) => headers['webhook-id']))
    receiver.reply = answer(200)
    await spawn()
    await untilEmpty('all have arrived', () => {}, 120_000)
    const again = receiver.calls.slice(5)
    t.equal(again.length, 10)
    t.equal(again.filter(({ headers }) => ids.has(headers['webhook-id'])).length, 5, 'by the same ids')
    for (let userId = 1; userId <= 5; userId++) t.same(firstsOf(receiver, userId), [1, 2])
  },
)

t.test(
  'a process that stands still for longer than its claim sends nothing out of turn when it goes on',
  async (t) => {
    const receiver = await openReceiver(t, () => {})
    // A claim lasts for 30 s beyond the longest call.
    const { spawn, appId, add, record, webhook, untilEmpty } = await openFleet(t, {
      TORII__WEBHOOKS__TIMEOUT_MS: '1000',
    })
    const { webhookId } = await add(appId, receiver.url)
    const users = [1, 2, 3, 4, 5]
    for (const userId of users)
      await record({ userId, kind: 'user.registered', appId }, { userId, kind: 'user.recovered', appId })
    const still = await spawn()
    await until('calls are under way', () => receiver.calls.length === users.length, 30_000)
    still.child.kill('SIGSTOP')
    t.teardown(() => still.child.kill('SIGCONT'))
    receiver.reply = answer(200)
    await spawn()
    await untilEmpty('another process has delivered all', () => {}, 120_000)
    const before = receiver.calls.length
    still.child.kill('SIGCONT')
    for (const userId of users) await record({ userId, kind: 'user.changed', appId, detail: { members: [] } })
    await untilEmpty('the next ones have arrived', () => {}, 60_000)
    for (const userId of users) t.same(firstsOf(receiver, userId), [1, 2, 3], `user ${userId}`)
    const after = receiver.calls.slice(before).map(({ payload }) => payload.data.number)
    t.same(after, [3, 3, 3, 3, 3], 'nothing came again')
    await until('the webhook is well', async () => (await webhook(webhookId)).failingSince === null, 30_000)
  },
)
