/** The rows of config/providers.json, and the driver of plain OAuth 2 against a small server with every oddity. */
import { createPublicKey, generateKeyPairSync, verify } from 'node:crypto'
import t from 'tap'
import { createOutgoingFetch } from '../../src/adapters/fetch.ts'
import { createMakeClientSecret } from '../../src/adapters/providers/client-secret.ts'
import { openProviders } from '../../src/adapters/providers/open.ts'
import type { ProviderRow } from '../../src/config/index.ts'
import { ConfigError, loadConfig } from '../../src/config/load.ts'
import { catalogue, type ErrorName, Failure } from '../../src/protocol/errors.ts'
import {
  type Answers,
  challengeOf,
  createCodes,
  form,
  json,
  jsonp,
  openPlainProvider,
} from '../harness/plain-provider.ts'
import { createTestClock } from '../harness/test-server.ts'
import { clientId, clientSecret, goodCode, vendors } from '../harness/vendors.ts'

const clock = createTestClock()
const outgoing = loadConfig({}).outgoing
const fetch = createOutgoingFetch({ config: outgoing, isTrial: true })
const redirectUri = 'https://login.example/oauth/callback/x'
const asked = { redirectUri, state: 'the-state', nonce: 'the-nonce', verifier: 'the-verifier' }

const openDriver = (row: ProviderRow) => {
  const driver = openProviders({ rows: { x: row }, fetch, clock }).get('x')?.driver
  if (!driver) throw new Error('the row is off')
  return driver
}

const come = (row: ProviderRow, callback: Record<string, string>, more: { isNative?: boolean } = {}) =>
  openDriver(row).finish({ ...asked, ...more, callback: new URLSearchParams(callback) })

/** What a login fails with: the cause, for a failure of this name. */
const causeOf = async (name: ErrorName, call: Promise<unknown>): Promise<string> => {
  const error = await call.then(
    () => undefined,
    (error: unknown) => error,
  )
  if (!(error instanceof Failure)) throw error ?? new Error('the call was answered')
  if (error.entry !== catalogue[name]) throw error
  return (error.cause as Error).message
}

/** The same row, of which every host is the server of a test. */
const bring = (row: ProviderRow, url: string, more: Partial<ProviderRow> = {}): ProviderRow => {
  const local = (text: string) => text.replace(/^https:\/\//, `${url}/`)
  return {
    ...row,
    clientId,
    clientSecret,
    tokenUrl: local(row.tokenUrl),
    calls: row.calls.map((call) => ({ ...call, url: local(call.url) })),
    ...more,
  }
}

const rowOf = (name: string): ProviderRow => {
  const row = loadConfig({}).providers[name]
  if (!row) throw new Error(`no row ${name}`)
  return row
}

t.test('each shipped row of plain OAuth 2 logs in at a server that answers as its vendor', async (t) => {
  const plain = Object.entries(loadConfig({}).providers).filter(([, { kind }]) => kind === 'oauth2')
  t.same(plain.map(([name]) => name).sort(), Object.keys(vendors).sort())
  for (const [name, vendor] of Object.entries(vendors)) {
    const { url } = await openPlainProvider(t, vendor.answers)
    const row = bring(rowOf(name), url)
    const there = new URL(await openDriver(row).authorizeUrl({ ...asked, challenge: 'the-challenge' }))
    t.equal(there.origin + there.pathname, row.authorizeUrl, name)
    t.same([...there.searchParams.keys()].sort(), [...vendor.asks].sort(), name)
    t.equal(there.searchParams.get('redirect_uri'), redirectUri)
    t.equal(there.searchParams.get('state'), 'the-state')
    t.equal(there.hash, name.startsWith('wechat') ? '#wechat_redirect' : '')

    const profile = await come(row, { [row.quirks.codeMember]: goodCode, state: 'the-state' })
    t.match(profile, { subject: vendor.subject, name: vendor.name, issuer: row.issuer }, name)
    t.same(profile.email, vendor.email, name)

    const cause = await causeOf('PROVIDER_REFUSED', come(row, { [row.quirks.codeMember]: 'another' }))
    t.match(cause, /^provider x: http/, `${name}: a code that it does not know`)
    t.notMatch(cause, clientSecret)
    t.same(await openDriver(row).test(), { ok: true }, name)
  }
})

t.test('the parameters of WeChat come in the order that it wants', async (t) => {
  const link = await openDriver({ ...rowOf('wechatinside'), clientId, clientSecret }).authorizeUrl({
    ...asked,
    challenge: 'c',
  })
  t.equal(
    link,
    'https://open.weixin.qq.com/connect/oauth2/authorize?appid=our-id' +
      '&redirect_uri=https%3A%2F%2Flogin.example%2Foauth%2Fcallback%2Fx&response_type=code' +
      '&scope=snsapi_userinfo&state=the-state#wechat_redirect',
  )
})

const plainRow = (url: string, more: Record<string, unknown> = {}): ProviderRow => {
  const row = {
    kind: 'oauth2',
    clientId,
    clientSecret,
    authorizeUrl: `${url}/authorize`,
    tokenUrl: `${url}/token`,
  }
  const rest = { calls: [{ name: 'user', url: `${url}/user` }], fields: { subject: 'user.id' }, ...more }
  const environment: Record<string, string> = {}
  const name = (member: string) => member.replace(/[A-Z]/g, (letter) => `_${letter}`).toUpperCase()
  for (const [member, value] of Object.entries({ ...row, ...rest })) {
    if (typeof value === 'object' && value !== null && !Array.isArray(value)) {
      for (const [inner, text] of Object.entries(value))
        environment[`TORII__PROVIDERS__X__${name(member)}__${name(inner)}`] =
          typeof text === 'string' ? text : JSON.stringify(text)
    } else
      environment[`TORII__PROVIDERS__X__${name(member)}`] =
        typeof value === 'string' ? value : JSON.stringify(value)
  }
  const found = loadConfig(environment).providers.x
  if (!found) throw new Error('no row x')
  return found
}

const giveToken = () => json({ access_token: 'a-token' })

t.test('an id beyond 2^53 stays what it is, and two such users are two', async (t) => {
  let id = '9007199254740993'
  const { url } = await openPlainProvider(t, {
    'POST /token': giveToken,
    'GET /user': () => ({
      text: `{"id":${id},"ratio":0.12345678901234567,"text":"9007199254740993123, \\"1\\""}`,
    }),
  })
  t.equal((await come(plainRow(url), { code: 'c' })).subject, '9007199254740993')
  id = '9007199254740992'
  t.equal((await come(plainRow(url), { code: 'c' })).subject, '9007199254740992')
  id = '-12345678901234567890'
  t.equal((await come(plainRow(url), { code: 'c' })).subject, '-12345678901234567890')
  id = '7'
  t.equal((await come(plainRow(url), { code: 'c' })).subject, '7')
})

t.test('forms, JSONP and wrong content types are read; an HTML page is not', async (t) => {
  let token = form({ access_token: 'a-token', scope: 'a,b' })
  let user = jsonp({ id: 'u' })
  const { url } = await openPlainProvider(t, { 'POST /token': () => token, 'GET /user': () => user })
  t.equal((await come(plainRow(url), { code: 'c' })).subject, 'u')
  token = { type: 'text/html', text: '\n{"access_token":"a-token"}' }
  user = { type: 'image/png', text: '{"id":"v"}' }
  t.equal((await come(plainRow(url), { code: 'c' })).subject, 'v')
  for (const text of ['<html>a=b</html>', '', 'null', '"text"', '12', '{"id":', 'callback(', '[]', '{}']) {
    user = { type: 'application/json', text }
    t.match(await causeOf('PROVIDER_FAILED', come(plainRow(url), { code: 'c' })), 'provider x: ', text)
  }
  user = json({ id: 'u' })
  for (const text of ['<html></html>', '{"access_token":{}}', '{"access_token":""}', 'access_token=']) {
    token = { type: 'application/json', text }
    t.match(await causeOf('PROVIDER_FAILED', come(plainRow(url), { code: 'c' })), 'provider x: ', text)
  }
})

t.test('a subject that is none is refused', async (t) => {
  let subject: unknown = ''
  const { url } = await openPlainProvider(t, {
    'POST /token': giveToken,
    'GET /user': () => json({ id: subject }),
  })
  for (subject of [undefined, null, '', {}, ['a'], true, 'x'.repeat(256), '字'.repeat(86)])
    t.match(
      await causeOf('PROVIDER_FAILED', come(plainRow(url), { code: 'c' })),
      'providers.x.fields.subject',
    )
  subject = '字'.repeat(85)
  t.equal((await come(plainRow(url), { code: 'c' })).subject, subject)
  // Members of every object are no members of an answer.
  for (const path of ['user.constructor', 'user.__proto__.id', 'user.toString.name'])
    t.ok(await causeOf('PROVIDER_FAILED', come(plainRow(url, { fields: { subject: path } }), { code: 'c' })))
})

t.test('an error with the status 200, and an answer with a bad status, are failures', async (t) => {
  let user = json({ id: 'u', error: 'server_error', error_description: 'first\nsecond \u001b[31m' })
  const { url } = await openPlainProvider(t, { 'POST /token': giveToken, 'GET /user': () => user })
  const cause = await causeOf('PROVIDER_FAILED', come(plainRow(url), { code: 'c' }))
  t.match(cause, /\/user answers error server_error: first second {2}\[31m$/)
  user = json({ id: 'u' }, 500)
  t.match(await causeOf('PROVIDER_FAILED', come(plainRow(url), { code: 'c' })), '/user answers 500')
  user = json({ id: 'u', error: 0 })
  t.equal((await come(plainRow(url), { code: 'c' })).subject, 'u', 'a 0 is no error')
})

t.test('an address that is missing, or not said to be verified, is none that counts', async (t) => {
  let user: Record<string, unknown> = { id: 'u' }
  const { url } = await openPlainProvider(t, { 'POST /token': giveToken, 'GET /user': () => json(user) })
  const fields = { subject: 'user.id', email: 'user.mail', emailVerified: 'user.ok' }
  const emailOf = async () => (await come(plainRow(url, { fields }), { code: 'c' })).email
  t.equal(await emailOf(), undefined)
  const rows: [ok: unknown, isVerified: boolean][] = [
    [true, true],
    ['true', true],
    [false, false],
    ['false', false],
    [1, false],
    [undefined, false],
    [{}, false],
  ]
  for (const [ok, isVerified] of rows) {
    user = { id: 'u', mail: 'a@mail.example', ok }
    t.same(await emailOf(), { address: 'a@mail.example', isVerified }, String(ok))
  }
})

t.test('a code works once, and only with its verifier', async (t) => {
  const codes = createCodes()
  const { url } = await openPlainProvider(t, {
    'POST /token': ({ body }) => {
      const user = codes.take(body.code, body.code_verifier)
      return user ? json({ access_token: user }) : json({ error: 'invalid_grant' }, 400)
    },
    'GET /user': ({ headers }) => json({ id: headers.authorization?.slice('Bearer '.length) }),
  })
  const code = codes.give('alice', challengeOf('the-verifier'))
  t.equal((await come(plainRow(url), { code })).subject, 'alice')
  t.match(await causeOf('PROVIDER_REFUSED', come(plainRow(url), { code })), 'invalid_grant')
  const stolen = codes.give('alice', challengeOf('of another login'))
  t.match(await causeOf('PROVIDER_REFUSED', come(plainRow(url), { code: stolen })), 'invalid_grant')
})

t.test('what the browser brings is judged before anything is sent', async (t) => {
  const { url, asked } = await openPlainProvider(t, {})
  const row = plainRow(url, { issuer: 'https://honest.example' })
  const rows: [name: ErrorName, callback: Record<string, string>, says: string][] = [
    ['PROVIDER_REFUSED', { error: 'access_denied' }, 'the user has refused'],
    ['PROVIDER_REFUSED', {}, 'no usable code'],
    ['PROVIDER_REFUSED', { code: 'x'.repeat(2_049) }, 'no usable code'],
    ['PROVIDER_REFUSED', { error: 'server_error', code: 'c' }, 'the error "server_error"'],
    ['PROVIDER_REFUSED', { code: 'c', iss: 'https://evil.example' }, 'providers.x.issuer'],
  ]
  for (const [name, callback, says] of rows) t.match(await causeOf(name, come(row, callback)), says)
  t.equal(asked.length, 0)
})

t.test('a code of a phone goes without a redirect URI and a verifier', async (t) => {
  const { url, asked } = await openPlainProvider(t, {
    'POST /token': giveToken,
    'GET /user': () => json({ id: 1 }),
  })
  await come(plainRow(url), { code: 'c' }, { isNative: true })
  t.same(asked[0]?.body, {
    grant_type: 'authorization_code',
    client_id: clientId,
    client_secret: clientSecret,
    code: 'c',
  })
})

t.test('a provider that is dead, or answers too much or with another place, fails the login', async (t) => {
  let answer: Awaited<ReturnType<Answers[string]>> = { text: 'x'.repeat(10 * 1_048_576) }
  const { url } = await openPlainProvider(t, { 'POST /token': () => answer })
  t.match(await causeOf('PROVIDER_FAILED', come(plainRow(url), { code: 'c' })), 'more than 262144 bytes')
  answer = { status: 302, text: '', headers: { location: 'http://169.254.169.254/' } }
  t.match(await causeOf('PROVIDER_FAILED', come(plainRow(url), { code: 'c' })), 'names another place')
  t.match(
    await causeOf('PROVIDER_FAILED', come(plainRow('http://127.0.0.1:1'), { code: 'c' })),
    'ECONNREFUSED',
  )
})

t.test('the test of a provider tells a wrong secret from a wrong code', async (t) => {
  let answer = json({ error: 'invalid_client', error_description: 'no' }, 401)
  const { url } = await openPlainProvider(t, { 'POST /token': () => answer })
  const driver = openDriver(plainRow(url))
  t.match(await driver.test(), {
    ok: false,
    reason: /^providers\.x\.clientId or clientSecret: .*invalid_client: no$/,
  })
  answer = json({ error: 'invalid_grant' }, 400)
  t.same(await driver.test(), { ok: true })
  answer = { type: 'text/html', text: '<html>', status: 200 }
  t.match(await driver.test(), { ok: false, reason: /\/token answers 200$/ })
  t.match(await openDriver(plainRow('http://127.0.0.1:1')).test(), { ok: false, reason: /ECONNREFUSED/ })
})

t.test('a failure of the provider is known until a login succeeds; one of a caller is none', async (t) => {
  let token = json({ error: 'invalid_client' }, 401)
  const { url } = await openPlainProvider(t, {
    'POST /token': () => token,
    'GET /user': () => json({ id: 1 }),
  })
  const time = createTestClock()
  const openOne = (row: ProviderRow) => {
    const found = openProviders({ rows: { x: row }, fetch, clock: time }).get('x')
    if (!found) throw new Error('the row is off')
    const finish = (callback: Record<string, string>) =>
      found.driver.finish({ ...asked, callback: new URLSearchParams(callback) })
    return { ...found, finish }
  }
  const { problem, finish } = openOne(plainRow(url, { issuer: 'https://a.example' }))
  t.equal(problem(), '')
  for (const callback of [{ error: 'server_error' }, { iss: 'https://b.example', code: 'c' }, { code: '' }])
    await causeOf('PROVIDER_REFUSED', finish(callback))
  t.equal(problem(), '', 'a browser can bring anything')
  await causeOf('PROVIDER_FAILED', finish({ code: 'c' }))
  t.match(problem(), /^provider x: .*invalid_client/)
  token = json({ error: 'invalid_grant' }, 400)
  await causeOf('PROVIDER_REFUSED', finish({ code: 'c' }))
  t.match(problem(), 'invalid_client', 'a wrong code proves nothing')
  token = giveToken()
  await finish({ code: 'c' })
  t.equal(problem(), '')

  const dead = openOne(plainRow('http://127.0.0.1:1'))
  await causeOf('PROVIDER_FAILED', dead.finish({ code: 'c' }))
  t.match(dead.problem(), /^provider x: http:\/\/127\.0\.0\.1:1\/token: ECONNREFUSED/)
  time.add(600_000)
  t.equal(dead.problem(), '', 'after ten minutes it is not known any more')

  const discovery = openOne({ ...plainRow(url), kind: 'oidc', issuer: url })
  await causeOf('PROVIDER_FAILED', discovery.driver.authorizeUrl({ ...asked, challenge: 'c' }))
  t.match(discovery.problem(), /^provider x: /, 'a discovery that fails')
})

t.test("Apple's secret is a JWT of the configured key, and a bad key is named", async (t) => {
  const { privateKey, publicKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' })
  const pem = String(privateKey.export({ type: 'pkcs8', format: 'pem' }))
  const quirks = { ...rowOf('apple').quirks, teamId: 'TEAM', keyId: 'KEY' }
  const make = (secret: string) =>
    createMakeClientSecret(clock)({ clientId: 'org.app', clientSecret: secret, quirks })
  for (const text of [pem, pem.trimEnd().replaceAll('\n', '\\n')]) {
    const [head = '', claims = '', signature = ''] = make(text).split('.')
    const read = (part: string) => JSON.parse(Buffer.from(part, 'base64url').toString())
    t.same(read(head), { alg: 'ES256', kid: 'KEY' })
    const seconds = Math.floor(clock.now() / 1_000)
    const aud = 'https://appleid.apple.com'
    t.same(read(claims), { iss: 'TEAM', sub: 'org.app', aud, iat: seconds, exp: seconds + 300 })
    const key = {
      key: createPublicKey(publicKey.export({ type: 'spki', format: 'pem' })),
      dsaEncoding: 'ieee-p1363' as const,
    }
    t.ok(verify('sha256', Buffer.from(`${head}.${claims}`), key, Buffer.from(signature, 'base64url')))
  }
  t.throws(() => make('no key'), { message: /the private key as PEM/ })
  const other = generateKeyPairSync('rsa', { modulusLength: 2_048 }).privateKey
  t.throws(() => make(String(other.export({ type: 'pkcs8', format: 'pem' }))), { message: /P-256/ })
})

t.test('a row that cannot work refuses to start, and the message names row and member', async (t) => {
  const refusalOf = (environment: Record<string, string>) => {
    try {
      loadConfig(environment)
    } catch (error) {
      if (error instanceof ConfigError) return error.message
      throw error
    }
    return undefined
  }
  const github = (member: string, value: string) => ({ [`TORII__PROVIDERS__GITHUB__${member}`]: value })
  const rows: [environment: Record<string, string>, says: RegExp][] = [
    [
      github('CLIENT_ID', 'a'),
      /^providers\.github\.clientSecret \(TORII__PROVIDERS__GITHUB__CLIENT_SECRET\): expected a secret/,
    ],
    [github('KIND', 'saml'), /^providers\.github\.kind .*: expected one of oidc, oauth2, found "saml"/],
    [github('USERS_OF', 'gitlab'), /^providers\.github\.usersOf .*: expected another row/],
    [github('USERS_OF', 'github'), /^providers\.github\.usersOf /],
    [github('CLIENTID', 'a'), /no such setting; did you mean TORII__PROVIDERS__GITHUB__CLIENT_ID\?/],
    [github('TOKEN_URL', 'http://github.com/x'), /^providers\.github\.tokenUrl .*: expected https/],
    [github('TOKEN_URL', 'https://a:b@github.com/'), /^providers\.github\.tokenUrl /],
    [github('AUTHORIZE_URL', 'javascript:alert(1)'), /^providers\.github\.authorizeUrl /],
    [
      github('FIELDS__SUBJECT', ''),
      /^providers\.github\.fields\.subject .*: expected a member of token, user, emails/,
    ],
    [github('FIELDS__NAME', 'usr.login'), /^providers\.github\.fields\.name .*found "usr\.login"/],
    [
      github('QUIRKS__AUTHORIZE_QUERY', 'a=b'),
      /^providers\.github\.quirks\.authorizeQuery .*: expected \{state\}/,
    ],
    [
      github('QUIRKS__TOKEN_QUERY', 'code={code}&s={secret}'),
      /^providers\.github\.quirks\.tokenQuery .*found "secret"/,
    ],
    [
      github('CALLS__0__URL', 'https://a.example/?t={me.id}'),
      /^providers\.github\.calls\.0\.url .*found "me\.id"/,
    ],
    [github('CALLS__1__NAME', 'user'), /^providers\.github\.calls\.1\.name /],
    [github('CALLS__0__HEADER', 'a\nb'), /^providers\.github\.calls\.0\.header /],
    [
      { TORII__PROVIDERS__APPLE__CLIENT_ID: 'a', TORII__PROVIDERS__APPLE__CLIENT_SECRET: 'k' },
      /^providers\.apple\.quirks\.teamId /,
    ],
    [
      { TORII__PROVIDERS__GITHBU__CLIENT_ID: 'a' },
      /^providers\.githbu\.issuer .*; did you mean providers\.github\?/,
    ],
    [{ 'TORII__PROVIDERS__A-B__CLIENT_ID': 'a' }, /^providers\."a-b": expected a name of small letters/],
  ]
  for (const [environment, says] of rows)
    t.match(refusalOf(environment), says, Object.keys(environment).join())
  t.equal(refusalOf(github('TOKEN_URL', 'http://127.0.0.1:1/x')), undefined, 'a trial calls this machine')
  t.match(
    refusalOf({ ...github('TOKEN_URL', 'http://127.0.0.1:1/x'), TORII__SERVER__TRIAL: 'false' }),
    'expected https',
  )
  t.match(
    refusalOf({ TORII__PROVIDERS__GITHUB__CLIENT_SECRET__FILE: '/none' }),
    /providers\.github\.clientSecret .*does not exist/,
  )
})
