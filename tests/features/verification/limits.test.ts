/** How often codes are sent: what bounds a stranger, and what stays open to the owner of an address. */
import t from 'tap'
import { Failure } from '../../../src/protocol/errors.ts'
import { addressOf, ask, callerOf, type OpenCodes, openOne } from './world.ts'

const nameOf = (error: unknown) => (error instanceof Failure ? error.entry.name : String(error))

/** How many of so many codes, one a minute, are sent. */
const sendMany = async (
  { codes, clock }: OpenCodes & { clock: { add(ms: number): void } },
  count: number,
  askedAt: (at: number) => Parameters<OpenCodes['codes']['send']>[0],
  everyMs = 61_000,
) => {
  let sent = 0
  for (let at = 0; at < count; at++) {
    clock.add(everyMs)
    const outcome = await codes.send(askedAt(at)).then(
      () => 'sent',
      (error: unknown) => nameOf(error),
    )
    if (outcome === 'sent') sent++
  }
  return sent
}

t.test('a minute lies between two codes, in one flow or several', async (t) => {
  const { codes, clock, collected } = await openOne(t)
  const { flow } = await codes.send(ask('amber@example.com'))
  const again = codes.send(ask('amber@example.com'))
  const error = await again.then(undefined, (error: unknown) => error)
  t.equal(nameOf(error), 'CODE_TOO_SOON')
  t.ok(((error as Failure).options.retryAfterSeconds ?? 0) > 59)
  const operation = collected.operations.find(({ path }) => path === '/v1/code/send')
  await t.rejects(operation?.handle({ flow }, callerOf()) as Promise<unknown>)
  await codes.send(ask('bella@example.com'))
  clock.add(60_001)
  t.match(await operation?.handle({ flow }, callerOf()), { flow })
})

t.test('one network has 5 an hour and 10 a day for an address', async (t) => {
  const one = await openOne(t)
  t.equal(await sendMany(one, 10, () => ask('amber@example.com')), 5)
  one.clock.add(3_600_000)
  t.equal(await sendMany(one, 10, () => ask('amber@example.com')), 5)
  one.clock.add(3_600_000)
  t.equal(await sendMany(one, 10, () => ask('amber@example.com')), 0)
  one.clock.add(24 * 3_600_000)
  t.equal(await sendMany(one, 10, () => ask('amber@example.com')), 5)
})

t.test('a stranger elsewhere does not keep codes from the owner', async (t) => {
  const one = await openOne(t)
  const stranger = callerOf({ network: '203.0.113.0/24' })
  t.equal(await sendMany(one, 60, () => ask('amber@example.com', { caller: stranger }), 1_000), 1)
  t.equal(await sendMany(one, 60, () => ask('amber@example.com', { caller: stranger })), 5)
  t.equal(await sendMany(one, 1, () => ask('amber@example.com')), 1, 'from another network')
})

t.test('all networks together have 20 an hour, a device that the account knows its own', async (t) => {
  const one = await openOne(t)
  const device = 'ab'.repeat(16)
  const userId = 10_001
  await insertLogin(one, userId, device)
  const strangers = (at: number) =>
    ask('amber@example.com', { userId, caller: callerOf({ network: `10.9.${at}.0/24` }) })
  t.equal(await sendMany(one, 100, strangers, 1_000), 20, 'mail bombing has an end')
  const owner = (device?: string) =>
    ask('amber@example.com', {
      userId,
      caller: callerOf({ network: '192.0.2.0/24', ...(device && { device }) }),
    })
  t.equal(await sendMany(one, 1, () => owner()), 0, 'an unknown device waits with the strangers')
  t.equal(await sendMany(one, 1, () => owner('cd'.repeat(16))), 0, 'also one that has a name')
  t.equal(await sendMany(one, 10, () => owner(device)), 5, 'the known device has its five')
})

t.test('a known device has counts of its own for addresses of its account alone', async (t) => {
  const one = await openOne(t)
  const device = 'ab'.repeat(16)
  const userId = 10_001
  await insertLogin(one, userId, device)
  const caller = callerOf({ device })
  const toVictim = () => ask('victim@example.com', { purpose: 'change-email', userId, caller })
  t.equal(await sendMany(one, 20, toVictim), 5, 'no more than any stranger')
})

t.test('a network that is refused uses up nothing of an address', async (t) => {
  const one = await openOne(t, {
    TORII__LIMITS__CODES_SENT: '[86400, 1]',
    TORII__CODES__PER_HOUR_OF_ALL: '2',
  })
  const stranger = callerOf({ network: '203.0.113.0/24' })
  t.equal(await sendMany(one, 1, () => ask('bella@example.com', { caller: stranger })), 1)
  t.equal(await sendMany(one, 5, () => ask('amber@example.com', { caller: stranger })), 0)
  t.equal(await sendMany(one, 1, () => ask('amber@example.com')), 1, 'the owner gets a code')
})

t.test('a network and an app have a sum over all addresses', async (t) => {
  const one = await openOne(t, {
    TORII__LIMITS__CODES_SENT: '[3600, 7]',
    TORII__CODES__PER_DAY_OF_APP: '9',
  })
  t.equal(await sendMany(one, 20, (at) => ask(`a${at}@example.com`), 1_000), 7, 'the network')
  const elsewhere = callerOf({ network: '192.0.2.0/24' })
  t.equal(
    await sendMany(one, 20, (at) => ask(`b${at}@example.com`, { caller: elsewhere }), 1_000),
    2,
    'the app',
  )
  const otherApp = callerOf({ appId: 'other', network: '198.51.100.0/24' })
  t.equal(await sendMany(one, 1, () => ask('c@example.com', { caller: otherApp })), 1, 'not another app')
})

t.test('SMS go to listed countries, and have a budget', async (t) => {
  const one = await openOne(t, { TORII__SMS__PER_DAY: '10' })
  const phone = (at: number, country: string) => addressOf(`+86138001380${10 + at}`, country)
  const send = (at: number, country: string) =>
    one.codes.send(ask(phone(at, country))).then(() => 'sent', nameOf)
  t.equal(await send(0, 'LV'), 'PHONE_INVALID')
  t.equal(await send(0, ''), 'PHONE_INVALID')
  t.equal(await sendMany(one, 12, (at) => ask(phone(at, 'CN')), 1_000), 8, 'a fifth is kept')
  t.equal(await send(50, 'CN'), 'SMS_FAILED')
  t.equal(await sendMany(one, 1, (at) => ask(phone(60 + at, 'HK')), 1_000), 1, 'another country has its own')
  const { jobs, health, gauges } = one.collected
  await jobs.find(({ name }) => name === 'look at the SMS of today')?.work()
  t.match(health.find(({ name }) => name === 'smsBudget')?.problem(), /CN 8/)
  t.same(gauges.find(({ name }) => name === 'torii_sms_today')?.read(), [
    { labels: { country: 'CN' }, value: 8 },
    { labels: { country: 'HK' }, value: 1 },
  ])
  const device = 'ef'.repeat(16)
  const userId = 10_001
  await insertLogin(one, userId, device)
  const known = (at: number) => ask(phone(70 + at, 'CN'), { userId, caller: callerOf({ device }) })
  t.equal(await sendMany(one, 5, known, 1_000), 2, 'the rest is for devices that accounts know')
  one.clock.add(24 * 3_600_000)
  t.equal(one.collected.health.find(({ name }) => name === 'smsBudget')?.problem(), '', 'a new day')
  t.equal(await sendMany(one, 1, (at) => ask(phone(80 + at, 'CN'))), 1)
})

/** A login of before, ended long ago. */
const insertLogin = async ({ world }: OpenCodes, userId: number, device: string) => {
  await world.db.write
    .insertInto('accounts')
    .values({
      userId,
      tag: Buffer.alloc(8),
      status: 'active',
      statusReason: '',
      epoch: 1,
      createdAt: 1,
      updatedAt: 1,
    })
    .execute()
  await world.db.write
    .insertInto('logins')
    .values({
      loginId: Buffer.alloc(16, 1),
      userId,
      appId: 'app',
      deviceId: Buffer.from(device, 'hex'),
      deviceType: '',
      deviceName: '',
      epoch: 1,
      a2Handle: Buffer.alloc(16, 2),
      a2Hash: Buffer.alloc(32),
      a2PreviousHash: null,
      a2Nonce: Buffer.alloc(8),
      a2Counter: 1,
      a2RotatedAt: 1,
      a2Confirmed: 0,
      os: '',
      osver: '',
      network: '',
      lastSeenAt: 0,
      authenticatedAt: 1,
      expiresAt: 2,
      endedAt: 2,
      endReason: 'logout',
      endDetail: null,
      keyPrint: null,
      minStrength: 0,
      strengthRaisedAt: null,
    })
    .execute()
}
