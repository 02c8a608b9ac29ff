/** An SMTP server that is away, slow, or refuses: the mail waits, and arrives once. */
import { createServer } from 'node:net'
import t, { type Test } from 'tap'
import { catalogue } from '../../../src/protocol/errors.ts'
import { openSmtp, type Smtp, smtpEnvironment } from '../../harness/smtp.ts'
import { createTestClock, type Environment, openTestServer, until } from '../../harness/test-server.ts'
import { createAdder, createKeyEnvironment } from './world.ts'

t.setTimeout(120_000)

const open = async (t: Test, port: number, more: Environment = {}) => {
  const clock = createTestClock()
  const environment = { ...createKeyEnvironment(), ...smtpEnvironment(port), ...more }
  const world = await openTestServer({ environment, clock })
  t.teardown(() => world.close())
  const { db } = world.server
  const readMail = async (): Promise<string> => {
    // What /readyz found is told again for a second.
    clock.add(1_000)
    const { body } = await world.send({ method: 'GET', url: '/readyz', headers: { host: 'localhost' } })
    return JSON.parse(body).dependencies.mail
  }
  return { world, clock, readMail, ...createAdder({ environment, db, clock }) }
}

type Opened = Awaited<ReturnType<typeof open>>

const waitFor = (
  what: string,
  { rows }: Opened,
  isSo: (row: Awaited<ReturnType<Opened['rows']>>[number]) => boolean,
) => until(what, async () => (await rows()).every(isSo))

/** Lets time pass in steps of a second until the condition holds; how many seconds that took. */
const passUntil = async ({ clock }: Opened, what: string, isSo: () => Promise<boolean> | boolean) => {
  let seconds = 0
  await until(
    what,
    async () => {
      if (await isSo()) return true
      clock.add(1_000)
      seconds++
      return false
    },
    60_000,
  )
  return seconds
}

const freePort = async (): Promise<number> => {
  const smtp = await openSmtp()
  await smtp.close()
  return smtp.port
}

const closeAfter = (t: Test, smtp: Smtp) => {
  t.teardown(() => smtp.close())
  return smtp
}

t.test(
  'mail waits while the server is away for five minutes, and arrives once when it is back',
  async (t) => {
    const port = await freePort()
    const opened = await open(t, port)
    const { add, clock, readMail, states } = opened
    for (const at of [1, 2, 3]) await add({ to: `a${at}@mail.example` })
    await until('the fault is told', async () => (await readMail()).includes('mail.smtp.host'))
    for (let passed = 0; passed < 300; passed += 30) {
      clock.add(30_000)
      await until('it was tried again', async () => (await readMail()) !== 'ok')
    }
    t.same(await states(), ['waiting', 'waiting', 'waiting'])
    const smtp = closeAfter(t, await openSmtp({}, {}, port))
    const seconds = await passUntil(opened, 'all mail is there', () => smtp.received.length === 3)
    t.comment(`${seconds} s after the server came back`)
    await waitFor('all rows are sent', opened, ({ state }) => state === 'sent')
    clock.add(3_600_000)
    await add({ to: 'later@mail.example' })
    await until('a later mail', () => smtp.received.some(({ to }) => to[0] === 'later@mail.example'))
    t.equal(smtp.received.length, 4, 'each mail came once')
    t.equal(await readMail(), 'ok')
  },
)

t.test('an address that the server refuses is given up at once; others go on', async (t) => {
  const smtp = closeAfter(t, await openSmtp({ rcpt: (to) => (to.startsWith('gone') ? 550 : undefined) }))
  const opened = await open(t, smtp.port)
  await opened.add({ to: 'gone@mail.example' })
  await opened.add()
  await waitFor('both have ended', opened, ({ state }) => state !== 'waiting')
  const [gone, sent] = await Promise.all(['g…', 'a…'].map(opened.find))
  t.match(gone, { state: 'given-up', attempts: 1, problem: /550/ })
  t.notMatch(gone?.problem, 'gone@mail.example', 'the row shows no address')
  t.ok(gone?.body, 'its text stays, so that it can be tried again')
  t.match(sent, { state: 'sent', body: null })
  t.equal(await opened.readMail(), 'ok', 'the server is not at fault')
})

t.test('a greylisting server gets the mail again later, and once', async (t) => {
  let isKnown = false
  const smtp = closeAfter(t, await openSmtp({ rcpt: () => (isKnown ? undefined : 451) }))
  const opened = await open(t, smtp.port)
  await opened.add()
  await waitFor('an attempt failed', opened, ({ problem }) => problem.includes('451'))
  t.equal(await opened.readMail(), 'ok', 'the server is not at fault')
  await passUntil(opened, 'more attempts failed', async () => ((await opened.rows())[0]?.attempts ?? 0) >= 3)
  isKnown = true
  await passUntil(opened, 'the mail', () => smtp.received.length === 1)
  await waitFor('the row is sent', opened, ({ state }) => state === 'sent')
  t.equal(smtp.received.length, 1)
})

t.test('a server that closes after the text of a mail gets it again, with the same id', async (t) => {
  const smtp = closeAfter(t, await openSmtp({ data: (times) => (times <= 2 ? 'close' : undefined) }))
  const opened = await open(t, smtp.port)
  await opened.add()
  await passUntil(opened, 'the mail', () => smtp.received.length === 1)
  await waitFor('the row is sent', opened, ({ state }) => state === 'sent')
  t.equal(smtp.counts.data, 3)
  const [row] = await opened.rows()
  t.equal(smtp.received[0]?.mail.messageId, `<${row?.messageId.toString('hex')}@login.example>`)
  t.equal(smtp.received.length, 1)
})

t.test('a password that the server refuses is told with the name of its setting', async (t) => {
  const smtp = closeAfter(t, await openSmtp())
  const opened = await open(t, smtp.port, { TORII__MAIL__SMTP__PASSWORD: 'not that of the user' })
  await opened.add()
  await until('the fault is told', async () => (await opened.readMail()).includes('mail.smtp.password'))
  t.same(await opened.states(), ['waiting'])
})

t.test('a certificate of another authority is refused, and the setting named', async (t) => {
  const smtp = closeAfter(t, await openSmtp())
  const opened = await open(t, smtp.port, { TORII__MAIL__SMTP__TLS_CA_FILE: '' })
  await opened.add()
  await until('the fault is told', async () => (await opened.readMail()).includes('mail.smtp.tlsCaFile'))
  t.same(smtp.received, [])
})

t.test('a server that never answers is left after the time of mail.smtp.timeoutMs', async (t) => {
  const silent = createServer((socket) => socket.on('error', () => {}))
  await new Promise<void>((resolve) => silent.listen(0, '127.0.0.1', resolve))
  t.teardown(() => silent.close())
  const address = silent.address()
  const port = typeof address === 'object' && address ? address.port : 0
  const opened = await open(t, port, { TORII__MAIL__SMTP__TIMEOUT_MS: '1000' })
  await opened.add()
  await until('the fault is told', async () => (await opened.readMail()) !== 'ok')
  t.match(await opened.readMail(), /mail\.smtp\.(host|timeoutMs)/)
  t.same(await opened.states(), ['waiting'])
})

t.test('a code is not sent after it has expired; a message that cannot be sent is given up', async (t) => {
  const port = await freePort()
  const opened = await open(t, port, { TORII__OUTBOX__GIVE_UP_AFTER_SECONDS: '3600' })
  const { add, clock, find } = opened
  await add({ to: 'short@mail.example', expiresAt: clock.now() + 600_000 })
  await add({ to: 'long@mail.example', kind: 'test', variables: {} })
  await waitFor('both were tried', opened, ({ problem }) => problem !== '')
  await passUntil(opened, 'one has expired', async () => {
    clock.add(10_000)
    return (await find('s…'))?.state === 'expired'
  })
  t.equal((await find('s…'))?.body, null, 'the code is gone')
  t.equal((await find('l…'))?.state, 'waiting')
  await passUntil(opened, 'the other was given up', async () => {
    clock.add(60_000)
    return (await find('l…'))?.state === 'given-up'
  })
  t.ok((await find('l…'))?.body)
})

t.test('a caller is answered while the SMTP server holds a mail', async (t) => {
  let isHolding = true
  let held = 0
  const hold = async () => {
    held++
    await until('the test goes on', () => !isHolding, 60_000)
  }
  const smtp = closeAfter(t, await openSmtp({ hold }))
  const { world, states } = await open(t, smtp.port)
  const register = async (email: string) => {
    const from = performance.now()
    const members = { regmode: 'email', user: { email }, password: 'correct horse battery' }
    const reply = await world.callJson('/v1/register', members)
    t.match(reply.json, { code: catalogue.REGISTERED_MAIL_SENT.code, status: 'waitcode' })
    return performance.now() - from
  }
  const first = await register('amber@mail.example')
  await until('the mail is held', () => held > 0)
  const second = await register('bea@mail.example')
  t.comment(`answered after ${first.toFixed(0)} ms, and ${second.toFixed(0)} ms while a mail was held`)
  t.same(smtp.received, [], 'nothing was taken before the replies')
  t.notOk((await states()).includes('sent'))
  isHolding = false
})
