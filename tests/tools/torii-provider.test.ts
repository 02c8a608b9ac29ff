/** `torii provider` and what `torii doctor` says of login providers. */
import { join } from 'node:path'
import t from 'tap'
import { json, openPlainProvider } from '../harness/plain-provider.ts'
import { embeddedEnvironment } from '../harness/test-server.ts'
import { createFolder, createTorii } from './torii-process.ts'

const secret = 'planted-provider-secret'

const plain = (url: string) => ({
  TORII__PROVIDERS__OURS__KIND: 'oauth2',
  TORII__PROVIDERS__OURS__CLIENT_ID: 'our-id',
  TORII__PROVIDERS__OURS__CLIENT_SECRET: secret,
  TORII__PROVIDERS__OURS__AUTHORIZE_URL: `${url}/authorize`,
  TORII__PROVIDERS__OURS__TOKEN_URL: `${url}/token`,
  TORII__PROVIDERS__OURS__FIELDS__SUBJECT: 'token.id',
})

t.test('the list shows what is on, and the redirect URI of each', async (t) => {
  const torii = createTorii({
    ...embeddedEnvironment(createFolder(t)),
    ...plain('http://127.0.0.1:1'),
    TORII__SERVER__PUBLIC_URL: 'https://login.example',
  })
  const { code, stdout } = await torii('provider', 'list')
  t.equal(code, 0)
  t.match(stdout, /^ours +on +ours +oauth2 +https:\/\/login\.example\/oauth\/callback\/ours$/m)
  t.match(stdout, /^github +off +GitHub +oauth2 +https:\/\/login\.example\/oauth\/callback\/github$/m)
  t.match(stdout, /^google +off +Google +oidc /m)
  const data = JSON.parse((await torii('provider', 'list', '--json')).stdout)
  t.match(
    data.find(({ name }: { name: string }) => name === 'ours'),
    { on: true, clientId: 'our-id' },
  )
  t.notMatch(JSON.stringify(data), secret)
  const none = await createTorii(embeddedEnvironment(createFolder(t)))('provider', 'list')
  t.match(none.stdout, 'None is on')
})

t.test('a test says whether the provider answers and takes our secret; doctor says the same', async (t) => {
  let answer = json({ error: 'invalid_grant' }, 400)
  const { url } = await openPlainProvider(t, { 'POST /token': () => answer })
  const environment = { ...embeddedEnvironment(createFolder(t)), ...plain(url) }
  const torii = createTorii(environment)
  const findingOf = async () => {
    const { checks } = JSON.parse((await torii('doctor', '--json')).stdout)
    return checks.find(({ subject }: { subject: string }) => subject === 'provider ours')
  }
  t.match(await torii('provider', 'test', 'ours'), { code: 0, stdout: /^ours answers, and does not refuse/ })
  t.match(await findingOf(), { state: 'ok' })

  answer = json({ error: 'invalid_client' }, 401)
  const refused = await torii('provider', 'test', 'ours')
  t.match(refused, { code: 1, stdout: /^ours: providers\.ours\.clientId or clientSecret: .*invalid_client/ })
  t.notMatch(refused.stdout, secret)
  t.match(await findingOf(), { state: 'broken', found: /invalid_client/, advice: /all else works/ })

  const { stderr: off } = await torii('provider', 'test', 'github')
  t.match(off, 'github is off: set providers.github.clientId')
  t.match((await torii('provider', 'test', 'nothing')).stderr, 'nothing is not known')
})

t.test('doctor says what cannot work without the address of this server', async (t) => {
  const environment = embeddedEnvironment(createFolder(t))
  const isPublic = { TORII__SERVER__PUBLIC_URL: 'https://login.example' }
  const findingsOf = async (more: Record<string, string> = {}) => {
    const { stdout } = await createTorii({ ...environment, ...more })('doctor', '--json')
    const { checks } = JSON.parse(stdout) as { checks: { subject: string; state: string; found: string }[] }
    return checks.filter(({ subject }) => subject === 'server.publicUrl')
  }
  const torii = createTorii({ ...environment, ...isPublic })
  await torii('migrate', 'up')
  const { appid } = JSON.parse((await torii('app', 'add', 'Shop', '--json')).stdout)
  t.strictSame(await findingsOf(), [])
  t.match(await findingsOf(plain('http://127.0.0.1:1')), [{ state: 'warning', found: /provider/ }])
  t.match(await createTorii(environment)('app', 'set', appid, '--ticket-format', 'jwt'), {
    code: 1,
    stderr: /server\.publicUrl/,
  })
  t.strictSame(await findingsOf(), [])
  t.match(await torii('app', 'set', appid, '--ticket-format', 'jwt'), { code: 0 })
  t.match(await findingsOf(), [{ state: 'broken', found: new RegExp(appid) }])
  t.strictSame(await findingsOf(isPublic), [])
})

t.test('a key of Apple that is none is told without a call', async (t) => {
  const torii = createTorii({
    ...embeddedEnvironment(join(createFolder(t))),
    TORII__PROVIDERS__APPLE__CLIENT_ID: 'org.app',
    TORII__PROVIDERS__APPLE__CLIENT_SECRET: 'planted-no-key',
    TORII__PROVIDERS__APPLE__QUIRKS__TEAM_ID: 'TEAM',
    TORII__PROVIDERS__APPLE__QUIRKS__KEY_ID: 'KEY',
  })
  const { code, stdout } = await torii('provider', 'test', 'apple')
  t.equal(code, 1)
  t.match(stdout, 'apple: providers.apple.clientSecret: expected the private key as PEM')
  t.notMatch(stdout, 'planted-no-key')
})
