/** Mail as a real SMTP server takes it: every kind, in both languages, over TLS. */
import { generateKeyPairSync } from 'node:crypto'
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import t, { type Test } from 'tap'
import type { Message, MessageKind } from '../../../src/features/outbox/api.ts'
import { openSmtp, type Smtp, smtpEnvironment } from '../../harness/smtp.ts'
import { type Environment, openTestServer, until } from '../../harness/test-server.ts'
import { createAdder, createKeyEnvironment } from './world.ts'

const open = async (t: Test, smtp: Smtp, more: Environment = {}) => {
  const environment = { ...createKeyEnvironment(), ...smtpEnvironment(smtp.port), ...more }
  const world = await openTestServer({ environment })
  t.teardown(() => world.close())
  const clock = { now: () => Date.now(), elapsed: () => performance.now() }
  return { world, ...createAdder({ environment, db: world.server.db, clock }) }
}

const openMailbox = async (t: Test) => {
  const smtp = await openSmtp()
  t.teardown(() => smtp.close())
  return smtp
}

const place = { place: 'Hangzhou, 203.0.113.0/24', device: 'Pixel 9' }
const kinds: Record<MessageKind, Message['variables']> = {
  code: { code: '314159', minutes: '10', purpose: 'reset', ...place, link: '/m/abc' },
  'address-in-use': place,
  'address-changed': {
    address: 'n…@mail.example',
    old: 'o…@mail.example',
    days: '7',
    link: '/m/undo',
    ...place,
  },
  'password-changed': { identities: 'GitHub', ...place },
  'identity-changed': { linked: 'GitHub', ...place },
  'new-device': { link: '/m/end', ...place },
  'logged-out': { count: '2', ...place },
  'account-leaving': { date: '2026-12-12 08:00 UTC', ...place },
  'account-recovered': place,
  'standing-changed': { disabled: 'until 2030-01-01', why: 'spam' },
  test: {},
}

t.test('every kind of mail arrives in both languages, over TLS, as text and as HTML', async (t) => {
  const smtp = await openMailbox(t)
  const { world, add, rows } = await open(t, smtp, { TORII__SERVER__PUBLIC_URL: 'https://login.example/' })
  const app = await world.server.apps.add({ name: 'Amber & 琥珀' })
  for (const language of ['zh-CN', 'en'] as const)
    for (const [kind, variables] of Object.entries(kinds) as [MessageKind, Message['variables']][])
      await add({
        kind,
        language,
        variables,
        appId: app.appId,
        to: `${kind}.${language}@mail.example`.toLowerCase(),
      })
  await until('all mail is there', () => smtp.received.length === 2 * Object.keys(kinds).length)

  for (const { from, to, isEncrypted, mail } of smtp.received) {
    const name = to[0]?.split('@')[0] ?? ''
    const [kind = ''] = name.split('.')
    t.equal(to.length, 1, `${name}: one recipient`)
    t.ok(isEncrypted, `${name}: over TLS`)
    t.equal(from, 'no-reply@login.example')
    t.match(mail.from?.value[0], { name: 'Torii 登录', address: 'no-reply@login.example' })
    t.match(mail.headers.get('auto-submitted'), 'auto-generated')
    t.match(mail.subject, 'Amber & 琥珀')
    t.equal(
      /[\u4e00-\u9fff]{4}/.test((mail.text ?? '').replaceAll('琥珀', '')),
      name.endsWith('zh-cn'),
      `${name}: language`,
    )
    t.match(mail.html, 'Amber &amp; 琥珀', `${name}: HTML is escaped`)
    t.notMatch(`${mail.text}${mail.subject}`, /[{}]|undefined/, `${name}: nothing is left open`)
    for (const value of [kinds[kind as MessageKind].device, kinds[kind as MessageKind].code].filter(Boolean))
      t.ok(mail.text?.includes(value ?? '') && `${mail.html}`.includes(value ?? ''), `${name}: ${value}`)
    const { link } = kinds[kind as MessageKind]
    if (link) t.ok(mail.text?.includes(`https://login.example${link}`), `${name}: a link of the public URL`)
  }
  await until('all rows are sent', async () => (await rows()).every(({ state }) => state === 'sent'))
  t.ok(
    (await rows()).every(({ body, attempts }) => body === null && attempts === 1),
    'the bodies are gone',
  )
  t.same(
    smtp.received.map(({ mail }) => mail.messageId).sort(),
    (await rows()).map(({ messageId }) => `<${messageId.toString('hex')}@login.example>`).sort(),
    'the id of a row is the id of its mail',
  )
})

t.test('a value cannot add a header, a recipient, markup or a paragraph', async (t) => {
  const smtp = await openMailbox(t)
  const { add } = await open(t, smtp)
  const device = 'x\r\nBcc: evil@mail.example\r\n\r\n<img src=http://evil.example/> {code} \u2028y'
  await add({ variables: { code: '1\r\nBcc: evil@mail.example', minutes: '10', purpose: 'login', device } })
  const [found] = await until('the mail', () => smtp.received.length > 0 && smtp.received)
  t.same(found?.to, ['amber@mail.example'])
  t.notOk(found?.mail.bcc)
  t.notMatch(found?.mail.html, '<img')
  t.match(found?.mail.text, /Device: x Bcc evil mail example img src http evi\n/)
  t.notMatch(found?.mail.text, 'Or open this page', 'without a public URL there is no link')
})

const hostile = [
  'a@x.example, b@y.example',
  'a@x.example\r\nRCPT TO:<b@y.example>',
  'A <a@x.example>',
  '"x"@y.example',
  'a@x.example(x)@b.example',
  'a',
]

t.test('an address that is more than one mailbox reaches no SMTP server', async (t) => {
  const smtp = await openMailbox(t)
  const { add, rows } = await open(t, smtp)
  for (const to of hostile) await add({ to })
  await until('all are given up', async () => (await rows()).every(({ state }) => state === 'given-up'))
  t.same(smtp.received, [])
  t.equal(smtp.counts.data, 0)
})

t.test('mail is signed by DKIM where a key is set', async (t) => {
  const smtp = await openMailbox(t)
  const { privateKey } = generateKeyPairSync('rsa', { modulusLength: 2048 })
  const keyFile = join(t.testdir(), 'dkim.pem')
  await writeFile(keyFile, privateKey.export({ type: 'pkcs8', format: 'pem' }))
  const { add } = await open(t, smtp, {
    TORII__MAIL__DKIM__DOMAIN: 'login.example',
    TORII__MAIL__DKIM__SELECTOR: 's1',
    TORII__MAIL__DKIM__KEY_FILE: keyFile,
  })
  await add()
  const [found] = await until('the mail', () => smtp.received.length > 0 && smtp.received)
  t.match(found?.raw, /^DKIM-Signature: v=1; a=rsa-sha256; c=relaxed\/relaxed; d=login\.example;/m)
  t.match(found?.raw, /s=s1;/)
})

t.test('a server without STARTTLS gets no mail, and the row and /readyz name the setting', async (t) => {
  const smtp = await openSmtp(
    {},
    { hideSTARTTLS: true, disabledCommands: ['STARTTLS'], allowInsecureAuth: true },
  )
  t.teardown(() => smtp.close())
  const { world, add, rows } = await open(t, smtp)
  await add()
  await until('an attempt has failed', async () => (await rows())[0]?.problem !== '')
  const [row] = await rows()
  t.equal(row?.state, 'waiting')
  t.match(row?.problem, 'mail.smtp.tls')
  const { body } = await world.send({ method: 'GET', url: '/readyz', headers: { host: 'localhost' } })
  t.match(JSON.parse(body), { status: 'ready', dependencies: { mail: /mail\.smtp\.tls/, sms: 'ok' } })
  t.same(smtp.received, [])
})
