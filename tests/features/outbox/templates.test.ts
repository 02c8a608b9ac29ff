import { cpSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import t, { type Test } from 'tap'
import { readTemplateFiles } from '../../../src/adapters/message-templates.ts'
import { createCompose } from '../../../src/features/outbox/compose.ts'
import { checkVariables } from '../../../src/features/outbox/kinds.ts'
import { createTemplates } from '../../../src/features/outbox/templates.ts'
import { openTestServer } from '../../harness/test-server.ts'

const folderOf = (name: string) => fileURLToPath(import.meta.resolve(`#root/config/${name}`))
const openAll = () => ({
  email: createTemplates('email', readTemplateFiles(folderOf('mail'), 'mail.templates')),
  phone: createTemplates('phone', readTemplateFiles(folderOf('sms'), 'sms.templates')),
})

/** A copy of the mail templates with one file changed. */
const copyWith = (t: Test, name: string, change: (text: string) => string | undefined) => {
  const folder = join(t.testdir(), 'mail')
  cpSync(folderOf('mail'), folder, { recursive: true })
  const file = join(folder, name)
  const changed = change(readFileSync(file, 'utf8'))
  if (changed === undefined) rmSync(file)
  else writeFileSync(file, changed)
  return folder
}

const wrong: [name: string, change: (text: string) => string | undefined, says: RegExp][] = [
  ['en/code.txt', () => undefined, /en\/code\.txt: it does not exist/],
  ['en/code.txt', (text) => text.replace('Subject:', 'Title:'), /code\.txt: its first line is not "Subject/],
  ['en/code.txt', () => 'Subject: x\n\n', /code\.txt: it has no text/],
  ['zh-CN/code.txt', (text) => text.replaceAll('{code}', ''), /zh-CN\/code\.txt: \{code\} is missing/],
  [
    'en/code.txt',
    (text) => text.replace('{code}\n\n', '{code} {place}\n\n'),
    /code\.txt: \{code\} is missing/,
  ],
  ['en/test.txt', (text) => `${text}\n{password}\n`, /test\.txt: \{password\} is no variable/],
  ['en/new-device.txt', (text) => text.replace('{app}', '{place}'), /\{place\} may be missing/],
  ['layout.html', (text) => text.replace('{body}', ''), /layout\.html: \{body\} is missing/],
]

t.test(
  'a server with a template that is wrong does not start, and names the setting and the file',
  async (t) => {
    for (const [name, change, says] of wrong) {
      const folder = copyWith(t, name, change)
      const error = await openTestServer({ environment: { TORII__MAIL__TEMPLATES: folder } }).then(
        () => undefined,
        (error: Error) => error,
      )
      t.match(error?.message, says, `${name}`)
      t.match(error?.message, 'mail.templates')
      t.equal(error?.name, 'StartError')
    }
    const missing = openTestServer({ environment: { TORII__MAIL__TEMPLATES: '/nowhere' } })
    await t.rejects(missing, { name: 'StartError', message: /mail\.templates.*nowhere/ })
  },
)

t.test('links begin with the public URL; without one there are none', async (t) => {
  const row = {
    messageId: Buffer.alloc(16),
    channel: 'email' as const,
    kind: 'code',
    appId: '',
    createdAt: 0,
  }
  const body = {
    to: 'a@mail.example',
    language: 'en' as const,
    variables: { code: '314159', minutes: '10', purpose: 'login', link: '/m/abc' },
  }
  const render = async (publicUrl: string) =>
    createCompose({ templates: openAll(), publicUrl, findAppName: async () => 'A' })(row, body)
  const { text, html } = await render('https://login.example/torii/')
  t.match(text, 'https://login.example/torii/m/abc\n')
  t.match(html, '<a href="https://login.example/torii/m/abc">')
  t.notMatch((await render('')).text, /m\/abc|open this page/)
})

t.test('a message that its template could not tell is refused where it is added', async (t) => {
  const good = { code: '1', minutes: '10', purpose: 'login' }
  checkVariables('code', good)
  t.throws(() => checkVariables('code', { code: '1', minutes: '10' }), /purpose is missing/)
  t.throws(() => checkVariables('code', { ...good, purpose: 'other' }), /no purpose other/)
  t.throws(() => checkVariables('code', { ...good, password: 'x' }), /no variable password/)
  for (const link of ['https://evil.example/', '//evil.example/', 'm/abc', '/m abc'])
    t.throws(() => checkVariables('code', { ...good, link }), /link is not a path/, link)
})
