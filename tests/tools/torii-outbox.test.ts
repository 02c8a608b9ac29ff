import { join } from 'node:path'
import t, { type Test } from 'tap'
import { openDb } from '../../src/adapters/db/open.ts'
import { systemRandom } from '../../src/adapters/random.ts'
import { generateServerKey } from '../../src/adapters/server-key.ts'
import { loadConfig } from '../../src/config/load.ts'
import { createAdder } from '../features/outbox/world.ts'
import { openSmtp, smtpEnvironment } from '../harness/smtp.ts'
import { type Environment, embeddedEnvironment } from '../harness/test-server.ts'
import { ask, createFolder, createTorii } from './torii-process.ts'

const clock = { now: () => Date.now(), elapsed: () => performance.now() }

/** A migrated database with a key, and no server. */
const open = async (t: Test, more: Environment = {}) => {
  const folder = createFolder(t)
  const environment = {
    ...embeddedEnvironment(folder),
    TORII__SECURITY__SERVER_KEY: generateServerKey(systemRandom),
    ...more,
  }
  const torii = createTorii(environment)
  await ask(torii, 'migrate', 'up')
  const config = loadConfig({ ...environment, TORII__DATABASE__FILE: join(folder, 'torii.sqlite') })
  const db = await openDb({ config: config.database })
  t.teardown(() => db.close())
  return { torii, db, ...createAdder({ environment, db, clock }) }
}

t.test('lists messages without their addresses, and shows the text of one in a trial', async (t) => {
  const { torii, add, rows } = await open(t)
  await add()
  const [row] = await rows()
  const id = row?.messageId.toString('hex') ?? ''
  const { stdout } = await torii('outbox', 'list')
  t.match(stdout, /email +code +a…@mail\.example +waiting/)
  t.notMatch(stdout, 'amber')
  t.match(await torii('outbox', 'list', '--state', 'sent'), { code: 0, stdout: /has no such message/ })
  const shown = await torii('outbox', 'show', id.slice(0, 16))
  t.match(shown.stdout, /Your code to log in at Torii:\n\n314159\n/)
  t.match(shown.stdout, 'amber@mail.example')
  t.match(await torii('outbox', 'show', 'ffff'), {
    code: 1,
    stderr: /has no message whose id begins with ffff/,
  })
})

t.test('shows no text in service, where codes belong to users', async (t) => {
  const { torii, add, rows } = await open(t, { TORII__SERVER__TRIAL: 'false' })
  await add()
  const [row] = await rows()
  const { stdout } = await torii('outbox', 'show', row?.messageId.toString('hex') ?? '')
  t.match(stdout, 'Its text is sealed')
  t.notMatch(stdout, /314159|amber/)
})

t.test('makes messages due again that wait or were given up, and says when one cannot be', async (t) => {
  const { torii, db, add, rows } = await open(t)
  await add()
  await add({ to: 'bea@mail.example' })
  const late = Date.now() + 600_000
  await db.write.updateTable('outbox').set({ nextAt: late, state: 'given-up', endedAt: late }).execute()
  t.match(await torii('outbox', 'retry'), { code: 1, stderr: /--all/ })
  t.match(await torii('outbox', 'retry', '--all', '--json'), { code: 0, stdout: /"messages": 2/ })
  t.ok((await rows()).every(({ state, nextAt }) => state === 'waiting' && nextAt < late))
  await db.write.updateTable('outbox').set({ state: 'sent', body: null }).execute()
  const [row] = await rows()
  t.match(await torii('outbox', 'retry', row?.messageId.toString('hex') ?? ''), {
    code: 1,
    stderr: /cannot be sent again: its text is gone/,
  })
})

t.test('a test mail goes to the server at once; what it answers is told', async (t) => {
  const smtp = await openSmtp({ rcpt: (to) => (to.startsWith('gone') ? 550 : undefined) })
  t.teardown(() => smtp.close())
  const torii = createTorii({ ...embeddedEnvironment(createFolder(t)), ...smtpEnvironment(smtp.port) })
  const done = await torii('outbox', 'test', 'mail', 'me@mail.example')
  t.match(done, {
    code: 0,
    stdout: new RegExp(`localhost:${smtp.port} \\(starttls\\) has taken a test message`),
  })
  t.match(smtp.received[0]?.mail.subject, 'Torii 测试邮件')
  t.match(await torii('outbox', 'test', 'mail', 'gone@mail.example'), { code: 1, stderr: /550/ })
  t.match(await torii('outbox', 'test', 'sms', '+8613800138000'), {
    code: 1,
    stderr: /sms\.webhook\.url is not set/,
  })
})

t.test('doctor asks the SMTP server, and names the setting of what is wrong', async (t) => {
  const smtp = await openSmtp()
  const folder = createFolder(t)
  const environment = { ...embeddedEnvironment(folder), ...smtpEnvironment(smtp.port) }
  const doctor = async (more: Environment = {}) => {
    const { stdout } = await createTorii({ ...environment, ...more })('doctor')
    return stdout.split('\n').find((line) => / mail /.test(line)) ?? stdout
  }
  t.match(await doctor(), /^ok +mail +localhost:\d+ answers \(starttls\)/)
  t.match(await doctor({ TORII__MAIL__SMTP__PASSWORD: 'wrong' }), /^broken +mail .*mail\.smtp\.password/)
  await smtp.close()
  t.match(await doctor(), /^broken +mail .*mail\.smtp\.host/)
  const { stdout } = await createTorii(embeddedEnvironment(folder))('doctor')
  t.match(stdout, /ok +mail +shown at \/dev\/outbox \(mail\.smtp\.host\)/)
})

t.test('doctor warns of messages without links, and of codes that leave in clear', async (t) => {
  const environment = { ...embeddedEnvironment(createFolder(t)), ...smtpEnvironment(1) }
  const doctor = async (more: Environment = {}) =>
    (await createTorii({ ...environment, ...more })('doctor')).stdout
  const open = await doctor({
    TORII__MAIL__SMTP__HOST: 'smtp.invalid',
    TORII__MAIL__SMTP__TLS: 'none',
    TORII__MAIL__SMTP__TIMEOUT_MS: '1000',
  })
  t.match(open, /warning +server\.publicUrl +empty, so messages have no links/)
  t.match(open, /warning +mail\.smtp\.tls +none, so codes go to another machine in clear/)
  const closed = await doctor({ TORII__SERVER__PUBLIC_URL: 'https://login.example' })
  t.notMatch(closed, /server\.publicUrl|mail\.smtp\.tls +none/)
})
