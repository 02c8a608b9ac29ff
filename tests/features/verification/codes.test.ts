/** Codes: what is judged, what is right, and what they are bound to. */
import t from 'tap'
import { Failure } from '../../../src/protocol/errors.ts'
import { plainName } from '../../../src/protocol/plain-name.ts'
import { addressOf, ask, callerOf, openOne, otherThan } from './world.ts'

const nameOf = (error: unknown) => (error instanceof Failure ? error.entry.name : String(error))
const done = async () => 'done'
const consumeName = (promise: Promise<unknown>) => promise.then(String, nameOf)

t.test('the right code works once, and says what the flow is about', async (t) => {
  const { codes, lastCode, posted } = await openOne(t)
  const asked = ask('amber@example.com', { userId: 10_001, payload: { userName: 'amber' } })
  const { flow, ...more } = await codes.send(asked)
  t.match(flow, /^confirm-[0-9a-f]{32}$/)
  t.same(more, { kind: 'email', resendSeconds: 60, expiresSeconds: 600 })
  t.match(lastCode(), /^\d{6}$/)
  t.match(posted[0], { channel: 'email', to: 'amber@example.com', kind: 'code', appId: 'app' })
  t.match(posted[0]?.variables, { minutes: '10', purpose: 'confirm', place: '10.1.1.7', link: '' })
  const tried = { flow, code: lastCode(), purpose: 'confirm', caller: callerOf() } as const
  const found = await codes.consume(tried, async (_trx, found) => found)
  t.same(found, { address: asked.address, userId: 10_001, payload: { userName: 'amber' } })
  t.equal(await consumeName(codes.consume(tried, done)), 'CODE_EXPIRED', 'a second time')
})

t.test('a use that fails leaves the flow as it was', async (t) => {
  const { codes, lastCode } = await openOne(t)
  const { flow } = await codes.send(ask('amber@example.com'))
  const tried = { flow, code: lastCode(), purpose: 'confirm', caller: callerOf() } as const
  const fail = async () => {
    throw new Failure('ALREADY_REGISTERED')
  }
  for (let at = 0; at < 7; at++) {
    t.equal(await consumeName(codes.consume(tried, fail)), 'ALREADY_REGISTERED')
  }
  t.equal(await codes.consume(tried, done), 'done')
})

t.test('five wrong codes end a flow, and another code does not begin anew', async (t) => {
  const { codes, lastCode, clock, collected } = await openOne(t)
  const { flow } = await codes.send(ask('amber@example.com'))
  const guess = (code: string) =>
    consumeName(codes.consume({ flow, code, purpose: 'confirm', caller: callerOf() }, done))
  for (let at = 0; at < 4; at++) t.equal(await guess(otherThan(lastCode())), 'CODE_WRONG')
  const before = lastCode()
  clock.add(61_000)
  const operation = collected.operations.find(({ path }) => path === '/v1/code/send')
  t.match(await operation?.handle({ flow }, callerOf()), { code: 'OK', flow })
  t.equal(await guess(before === lastCode() ? otherThan(before) : before), 'CODE_WRONG', 'the fifth')
  t.equal(await guess(lastCode()), 'CODE_TRIES', 'even the right one')
  clock.add(61_000)
  t.equal(await consumeName(operation?.handle({ flow }, callerOf()) as Promise<unknown>), 'CODE_TRIES')
  t.ok((await codes.send(ask('amber@example.com'))).flow !== flow, 'a new flow begins')
})

t.test('a code is bound to its flow, purpose, app and address', async (t) => {
  const { codes, lastCode } = await openOne(t)
  const { flow } = await codes.send(ask('amber@example.com'))
  const code = lastCode()
  const caller = callerOf()
  const { flow: other } = await codes.send(ask('bella@example.com'))
  const tried = { flow, code, purpose: 'confirm', caller } as const
  const id = flow.slice(-32)
  const cases = [
    ['another flow', { ...tried, flow: other }, lastCode() === code ? 'done' : 'CODE_WRONG'],
    ['another purpose', { ...tried, purpose: 'login' }, 'CODE_EXPIRED'],
    ['a flow renamed to it', { ...tried, purpose: 'login', flow: `login-${id}` }, 'CODE_EXPIRED'],
    ['another app', { ...tried, caller: callerOf({ appId: 'other' }) }, 'CODE_EXPIRED'],
    ['another address', { ...tried, address: addressOf('bella@example.com') }, 'CODE_WRONG'],
    ['an unknown flow', { ...tried, flow: `confirm-${'0'.repeat(32)}` }, 'CODE_EXPIRED'],
    ['no flow', { ...tried, flow: "confirm-' or 1=1" }, 'CODE_EXPIRED'],
  ] as const
  for (const [name, asked, refusal] of cases) {
    t.equal(await consumeName(codes.consume(asked, done)), refusal, name)
  }
  t.equal(await codes.consume({ ...tried, address: addressOf('amber@example.com') }, done), 'done')
})

t.test('codes are read as people type them', async (t) => {
  const { codes, lastCode } = await openOne(t)
  const wide = (code: string) =>
    code.replace(/\d/g, (digit) => String.fromCodePoint((digit.codePointAt(0) ?? 0) + 0xfee0))
  const forms = [
    wide,
    (code: string) => ` ${code.slice(0, 3)} ${code.slice(3)}\u3000`,
    (code: string) => `${code.slice(0, 3)}-${code.slice(3)}`,
    (code: string) => Number(code),
  ]
  for (const [at, form] of forms.entries()) {
    const { flow } = await codes.send(ask(`form${at}@example.com`))
    const code = form(lastCode())
    t.equal(
      await codes.consume({ flow, code, purpose: 'confirm', caller: callerOf() }, done),
      'done',
      String(code),
    )
  }
  const { flow } = await codes.send(ask('amber@example.com'))
  for (const code of ['', '12345', '1234567', 'abcdef', '١٢٣٤٥٦', '12345\u0000', '+12345', '1e5', 1.5, -1]) {
    const refusal = await consumeName(
      codes.consume({ flow, code, purpose: 'confirm', caller: callerOf() }, done),
    )
    t.equal(refusal, 'CODE_WRONG', JSON.stringify(code))
  }
  const right = { flow, code: lastCode(), purpose: 'confirm', caller: callerOf() } as const
  t.equal(await codes.consume(right, done), 'done', 'what is no code has cost no try')
})

t.test('a code is over after ten minutes', async (t) => {
  const { codes, lastCode, clock } = await openOne(t)
  const { flow } = await codes.send(ask('amber@example.com'))
  const tried = { flow, code: lastCode(), purpose: 'confirm', caller: callerOf() } as const
  clock.add(600_000)
  t.equal(await consumeName(codes.consume(tried, done)), 'CODE_EXPIRED')
})

t.test('a flow that sends no code has none that is right, and leaves the same rows', async (t) => {
  const { codes, posted, world, clock } = await openOne(t)
  for (const asWhat of ['notice', 'nothing'] as const) {
    const { flow, ...more } = await codes.send(ask(`${asWhat}@example.com`, { asWhat }))
    t.same(more, { kind: 'email', resendSeconds: 60, expiresSeconds: 600 })
    const refusal = consumeName(
      codes.consume({ flow, code: '000000', purpose: 'confirm', caller: callerOf() }, done),
    )
    t.equal(await refusal, 'CODE_WRONG')
  }
  t.match(posted, [
    { kind: 'address-in-use', variables: { place: '10.1.1.7' } },
    { kind: 'code', expiresAt: clock.now() - 1, variables: { code: '------' } },
  ])
  const rows = await world.db.write.selectFrom('codeFlows').selectAll().execute()
  t.equal(rows.length, 2)
  for (const row of rows) t.notMatch(row.body.toString('latin1'), /example/, 'sealed at rest')
})

t.test('a message names the device, and has room for no text of its owner', async (t) => {
  const { codes, posted } = await openOne(t)
  const caller = callerOf({ device: 'ab'.repeat(16) })
  const device = { id: '', knownAs: '', deviceType: '', os: '', countryCode: '' }
  const names = {
    'An iPhone': 'An iPhone, iOS 20',
    'win: https://evil.example/a?b now': 'win https evil example a b now, iOS 20',
    小明的手机: '小明的手机, iOS 20',
    ['x'.repeat(300)]: 'x'.repeat(40),
  }
  for (const [at, [name, told]] of Object.entries(names).entries()) {
    const named = { ...caller, device: { ...device, name, os: 'iOS 20' } }
    await codes.send(ask(`device${at}@example.com`, { caller: named }))
    t.equal(plainName(posted.at(-1)?.variables.device ?? ''), told, 'as the outbox writes it')
  }
})
