import t from 'tap'
import { createSealer } from '../../../src/adapters/crypto.ts'
import { systemRandom } from '../../../src/adapters/random.ts'
import { createAdd } from '../../../src/features/outbox/add.ts'
import { createBacklog } from '../../../src/features/outbox/backlog.ts'
import { openBody } from '../../../src/features/outbox/body.ts'
import { catalogue } from '../../../src/protocol/errors.ts'
import { createTestClock, openShared, openTestServer, until } from '../../harness/test-server.ts'
import { code, createAdder, createKeyEnvironment } from './world.ts'

const [mailFailed, smsFailed] = (['MAIL_FAILED', 'SMS_FAILED'] as const).map((name) => ({
  message: catalogue[name].text.en,
})) as [{ message: string }, { message: string }]

const key = systemRandom.bytes(32)
const sealer = createSealer({ current: 'k1', keys: { k1: key } }, systemRandom)

t.test('what waits is bounded over all processes, and told with the code of its channel', async (t) => {
  const shared = await openShared()
  t.teardown(() => shared.close())
  const { db } = shared
  const clock = createTestClock()
  /** One process; `setUp` has its channels. */
  const openProcess = (setUp: readonly string[] = ['email', 'phone']) => {
    const refused: string[] = []
    const backlog = createBacklog({ db, clock, most: 100 })
    const outbox = createAdd({
      clock,
      random: systemRandom,
      sealer,
      backlog,
      isSetUp: (channel) => setUp.includes(channel),
      noteRefused: (channel) => refused.push(channel),
    })
    return { backlog, refused, ...outbox }
  }
  const [one, other] = [openProcess(), openProcess()]
  for (let at = 0; at < 60; at++) await one.add(db.write, code)
  for (let at = 0; at < 40; at++)
    await other.add(db.write, { ...code, channel: 'phone', to: '+8613800138000' })
  one.check('email')
  await one.backlog.count()
  t.throws(() => one.check('email'), mailFailed)
  t.throws(() => one.check('phone'), smsFailed)
  await t.rejects(one.add(db.write, code), mailFailed)
  t.equal(one.backlog.countOf('email'), 60)
  t.equal(one.backlog.countOf('phone'), 40)
  clock.add(90_000)
  t.equal(one.backlog.oldestSecondsOf('email'), 90)
  await db.write.updateTable('outbox').set({ state: 'sent', endedAt: clock.now() }).execute()
  await one.backlog.count()
  one.check('email')
  t.equal(one.backlog.oldestSecondsOf('email'), 0)

  const without = openProcess(['email'])
  t.throws(() => without.check('phone'), smsFailed)
  t.same(without.refused, ['phone'])
})

t.test('a message is added with what it tells of, or not at all', async (t) => {
  const shared = await openShared()
  t.teardown(() => shared.close())
  const { db } = shared
  const clock = createTestClock()
  const { add } = createAdd({
    clock,
    random: systemRandom,
    sealer,
    backlog: { isFull: () => false, noteAdded: () => {} },
    isSetUp: () => true,
    noteRefused: () => {},
  })
  const failed = db.transaction(async (trx) => {
    await add(trx, code)
    throw new Error('what it tells of was not written')
  })
  await t.rejects(failed, /was not written/)
  const count = () => db.write.selectFrom('outbox').select('body').execute()
  t.same(await count(), [])
  await db.transaction((trx) => add(trx, code))
  const [row] = await count()
  t.notMatch(row?.body?.toString('latin1'), /314159|amber/, 'sealed at rest')
  const device = 'Pay at https://evil.example/now <b>or your account is closed</b> today, call us'
  await db.write.deleteFrom('outbox').execute()
  await add(db.write, { ...code, kind: 'password-changed', variables: { place: 'here', device } })
  const told = await db.write.selectFrom('outbox').select(['messageId', 'body']).executeTakeFirstOrThrow()
  t.equal(
    openBody(sealer, told.messageId, told.body ?? Buffer.alloc(0)).variables.device,
    'Pay at https evil example now b or your',
    'no text and no link of a stranger, in no kind of message',
  )
})

t.test('rows leave a day after they were sent or given up; what waits stays', async (t) => {
  const clock = createTestClock()
  const environment = createKeyEnvironment()
  const world = await openTestServer({ environment, clock })
  t.teardown(() => world.close())
  const { db, removeOld } = world.server
  const { add, rows, find } = createAdder({ environment, db, clock })
  await add({ to: 'a@mail.example' })
  await until('it is kept, since this is a trial', async () => (await find('a…'))?.state === 'kept')
  const [kept] = await rows()
  if (!kept) throw new Error('no row')
  const far = clock.now() + 400 * 86_400_000
  const waiting = {
    messageId: Buffer.alloc(16),
    hint: 'b…',
    state: 'waiting',
    nextAt: far,
    endedAt: null,
  } as const
  await db.write
    .insertInto('outbox')
    .values({ ...kept, ...waiting })
    .execute()
  clock.add(86_400_000)
  await removeOld()
  t.equal((await rows()).length, 2, 'no moment earlier')
  clock.add(1)
  await removeOld()
  t.same(
    (await rows()).map(({ hint }) => hint),
    ['b…'],
  )
})
