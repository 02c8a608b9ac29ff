/** Several processes on one database: each mail is sent once, also when one of them dies. */
import { once } from 'node:events'
import { type AddressInfo, createServer } from 'node:net'
import t, { type Test } from 'tap'
import { createAdder } from '../features/outbox/world.ts'
import { codes } from '../harness/codes.ts'
import { openSmtp, type Smtp, smtpEnvironment } from '../harness/smtp.ts'
import { openShared, spawnServer, until } from '../harness/test-server.ts'

t.setTimeout(180_000)

const clock = { now: () => Date.now(), elapsed: () => performance.now() }

const openFleet = async (t: Test, smtp: Pick<Smtp, 'port'>) => {
  const shared = await openShared(smtpEnvironment(smtp.port))
  t.teardown(() => shared.close())
  const spawn = async () => {
    const server = await spawnServer(shared.environment)
    t.teardown(() => server.kill())
    return server
  }
  return { ...createAdder({ environment: shared.environment, db: shared.db, clock }), spawn, app: shared.app }
}

const countEach = ({ received }: Smtp) => {
  const counts = new Map<string, number>()
  for (const { to } of received) counts.set(`${to}`, (counts.get(`${to}`) ?? 0) + 1)
  return counts
}

t.test('two processes send each of 600 mails once', async (t) => {
  const smtp = await openSmtp()
  t.teardown(() => smtp.close())
  const { add, states, spawn } = await openFleet(t, smtp)
  await Promise.all([spawn(), spawn()])
  const count = 600
  const all = Array.from({ length: count }, (_, at) => `user${at}@mail.example`)
  for (const to of all) await add({ to })
  await until('all mail is there', () => smtp.received.length >= count, 60_000)
  await until('all rows are sent', async () => (await states()).every((state) => state === 'sent'), 60_000)
  const counts = countEach(smtp)
  t.equal(counts.size, count)
  t.equal(smtp.received.length, count, 'no mail came twice')
  const senders = new Set(smtp.received.map(({ clientPort }) => clientPort))
  t.ok(senders.size >= 2, 'over several connections')
})

t.test('what a process was to send when it was killed is sent by another, once', async (t) => {
  let isHolding = true
  let held = 0
  const smtp = await openSmtp({
    hold: async () => {
      held++
      await until('the process is killed', () => !isHolding, 30_000)
    },
  })
  t.teardown(() => smtp.close())
  const { add, states, rows, spawn } = await openFleet(t, smtp)
  const first = await spawn()
  for (let at = 0; at < 20; at++) await add({ to: `user${at}@mail.example` })
  await until('mail is under way', () => held > 0)
  await until('the rows are claimed', async () => (await rows()).every(({ claimedBy }) => claimedBy !== null))
  await first.kill()
  isHolding = false
  t.ok(
    (await states()).every((state) => state === 'waiting'),
    'each row waits',
  )
  await spawn()
  await until('all mail is there', () => countEach(smtp).size === 20, 120_000)
  await until('all rows are sent', async () => (await states()).every((state) => state === 'sent'), 60_000)
  t.equal(smtp.received.length, 20, 'each was taken once')
})

t.test('a code whose process is killed right after the reply is sent by the next one, once', async (t) => {
  const smtp = await openSmtp()
  t.teardown(() => smtp.close())
  const { states, spawn, app } = await openFleet(t, smtp)
  const first = await spawn()
  const reply = await first.send({
    method: 'POST',
    url: '/v1/register',
    headers: { 'content-type': 'application/json' },
    payload: JSON.stringify({
      appid: app.appId,
      appsecret: app.appSecret,
      regmode: 'email',
      user: { email: 'amber@mail.example' },
      password: 'correct horse battery',
    }),
  })
  await first.kill()
  t.equal(reply.status, 200)
  await spawn()
  await until('the mail is there', () => smtp.received.length > 0, 60_000)
  await until('the row is sent', async () => (await states()).every((state) => state === 'sent'), 60_000)
  t.equal(smtp.received.length, 1)
  t.match(smtp.received[0]?.mail.text, /\d{6}/)
})

t.test('while the SMTP server is away or never answers, callers get their replies in time', async (t) => {
  // It takes connections and says nothing.
  const silent = createServer(() => undefined).listen(0, '127.0.0.1')
  await once(silent, 'listening')
  t.teardown(() => silent.close())
  const away = await openSmtp()
  await away.close()
  const ports = { away: away.port, silent: (silent.address() as AddressInfo).port }
  for (const [how, port] of Object.entries(ports)) {
    const { add, spawn, app, states } = await openFleet(t, { port })
    const server = await spawn()
    // What the worker tries to send meanwhile.
    for (let at = 0; at < 10; at++) await add({ to: `other${at}@mail.example` })
    // Without a password: bcrypt would take most of the time.
    const ask = async (at: number) => {
      const begun = performance.now()
      const { body } = await server.send({
        method: 'POST',
        url: '/v1/code/send',
        headers: { 'content-type': 'application/json' },
        payload: JSON.stringify({
          appid: app.appId,
          appsecret: app.appSecret,
          purpose: 'login',
          address: `user${at}@mail.example`,
        }),
      })
      t.equal(JSON.parse(body).code, codes.OK, body)
      return performance.now() - begun
    }
    await ask(0)
    const times: number[] = []
    for (let at = 1; at <= 20; at++) times.push(await ask(at))
    const [median = 0, slowest = 0] = [times.sort((a, b) => a - b)[10], times.at(-1)]
    t.comment(`SMTP ${how}: median ${median.toFixed(0)} ms, slowest ${slowest.toFixed(0)} ms`)
    t.ok(median < 300, `SMTP ${how}: median ${median.toFixed(0)} ms`)
    t.notOk((await states()).includes('sent'), 'no mail has left')
  }
})
