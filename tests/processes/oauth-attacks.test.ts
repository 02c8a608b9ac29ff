/** Logging in by a provider that lies, is slow or dead, and by callers who aim the browser elsewhere. */
import { createHash, createHmac, randomBytes } from 'node:crypto'
import t, { type Test } from 'tap'
import { codes } from '../harness/codes.ts'
import {
  createSigningKey,
  openHostileProvider,
  signToken,
  unsignedToken,
} from '../harness/hostile-provider.ts'
import { type Answer, json, openPlainProvider } from '../harness/plain-provider.ts'
import { createTestClock, type Environment, openTestServer, until } from '../harness/test-server.ts'

const publicUrl = 'http://127.0.0.1:9'
const back = 'https://app.example/back'

const open = async (
  t: Test,
  providers: Record<string, object>,
  environment: Environment = {},
  clock?: ReturnType<typeof createTestClock>,
) => {
  const world = await openTestServer({
    ...(clock && { clock }),
    environment: {
      TORII__SERVER__PUBLIC_URL: publicUrl,
      TORII__PROVIDERS: JSON.stringify(providers),
      ...environment,
    },
  })
  t.teardown(world.close)
  await world.server.apps.set(world.app.appId, { redirects: [back] })
  const newVerifier = () => {
    const verifier = randomBytes(32).toString('base64url')
    return { verifier, challenge: createHash('sha256').update(verifier).digest('base64url') }
  }
  const start = async (provider: string, members: object = { redirect: back }) => {
    const { verifier, challenge } = newVerifier()
    const { json } = await world.callJson('/v1/oauth/start', { provider, challenge, ...members })
    return { verifier, json }
  }
  /** The browser comes back; the target that it is sent on to. */
  const comeBack = async (to: URL): Promise<URL> => {
    const url = to.pathname + to.search
    const { status, headers } = await world.send({ method: 'GET', url, headers: { host: 'localhost' } })
    if (status !== 303) throw new Error(`the callback answers ${status}`)
    return new URL(String(headers.location))
  }
  const finish = async (members: object) =>
    (await world.callJson('/v1/oauth/finish', { finish: members })).json as Record<string, unknown>
  return { ...world, start, comeBack, finish }
}

type World = Awaited<ReturnType<typeof open>>
type Hostile = Awaited<ReturnType<typeof openHostileProvider>>

/** A whole login by the browser: what the app is told at its end, and the code of the finish. */
const logIn = async ({ start, comeBack, finish }: World, { visit }: Hostile) => {
  const { verifier, json } = await start('liar')
  if (json.code !== codes.OK) return { code: json.code }
  const target = await comeBack(visit(String(json.url)))
  const error = target.searchParams.get('error')
  if (error !== null) return { error }
  return finish({ code: target.searchParams.get('code'), verifier })
}

const failed = { error: 'temporarily_unavailable' }
const refused = { error: 'access_denied' }

t.test('a target that only looks like a listed one is refused', async (t) => {
  const liar = await openHostileProvider(t)
  const { start } = await open(t, { liar: liar.row })
  const targets = [
    ...['//evil.example', '/\\evil.example', '\\\\evil.example', 'https:evil.example', 'https:/evil.example'],
    ...['https://app.example@evil.example/back', 'https://app.example:x@evil.example/back'],
    ...['https://app.example/back/../other', 'https://app.example/./back', 'https://app.example/%62ack'],
    ...[
      'https://app.example/back\t',
      '\thttps://app.example/back',
      'https://app.exa\tmple/back',
      `${back}\n`,
    ],
    ...[
      `${back}?next=//evil.example`,
      `${back}#x`,
      `${back} `,
      `${back}/`,
      `${back}.evil.example`,
      `${back}\0`,
    ],
    ...['HTTPS://APP.EXAMPLE/back', 'https://app.example:443/back', 'https://app.example./back', 'back', ''],
    ...['javascript:alert(1)', 'data:text/html,x', 'http://app.example/back', 'https://аpp.example/back'],
  ]
  for (const redirect of targets) {
    const { json } = await start('liar', { redirect })
    t.ok(
      [codes.TARGET_REFUSED, codes.PARAMETER_INVALID].includes(Number(json.code)),
      JSON.stringify(redirect),
    )
    t.notOk(json.url)
  }
  t.equal(liar.asked.length, 0, 'and nothing is asked of the provider')
  t.equal((await start('liar')).json.code, codes.OK)
})

t.test('a token with a false claim logs no user in', async (t) => {
  const liar = await openHostileProvider(t)
  const world = await open(t, { liar: liar.row })
  t.match(await logIn(world, liar), { code: codes.LOGGED_IN }, 'the honest one')

  const { key, issuer, honestClaims, giveTokens, row } = liar
  const stranger = createSigningKey('first')
  const seconds = Math.floor(Date.now() / 1_000)
  const withHmac = (claims: object, secret: string) => {
    const encode = (value: unknown) => Buffer.from(JSON.stringify(value)).toString('base64url')
    const text = `${encode({ alg: 'HS256', kid: 'first' })}.${encode(claims)}`
    return `${text}.${createHmac('sha256', secret).update(text).digest('base64url')}`
  }
  const signed = (more: object) => () => giveTokens(signToken({ ...honestClaims(), ...more }, key))
  const lies: [name: string, token: () => Answer][] = [
    ['another issuer', signed({ iss: 'https://evil.example' })],
    ['another audience', signed({ aud: 'another' })],
    ['several audiences and another party', signed({ aud: [row.clientId, 'x'], azp: 'x' })],
    ['over', signed({ exp: seconds - 3_600, iat: seconds - 7_200 })],
    ['no nonce', signed({ nonce: undefined })],
    ['the nonce of another login', signed({ nonce: 'of another' })],
    ['no subject', signed({ sub: undefined })],
    ['an empty subject', signed({ sub: '' })],
    ['a number as subject', signed({ sub: 7 })],
    ['a subject that is too long', signed({ sub: 'x'.repeat(256) })],
    ['signed by another key of the same name', () => giveTokens(signToken(honestClaims(), stranger))],
    ['not signed', () => giveTokens(unsignedToken(honestClaims()))],
    ['signed with the client secret', () => giveTokens(withHmac(honestClaims(), row.clientSecret))],
    ['signed with the public key', () => giveTokens(withHmac(honestClaims(), JSON.stringify(key.jwk)))],
    ['no token', () => json({ access_token: 'a', token_type: 'Bearer' })],
    ['an error with the status 200', () => json({ error: 'server_error' })],
    ['a page', () => ({ type: 'text/html', text: '<html>' })],
    ['10 MB', () => ({ text: `{"id_token":"${'x'.repeat(10 * 1_048_576)}"}` })],
    ['another place', () => ({ status: 307, text: '', headers: { location: 'http://169.254.169.254/' } })],
  ]
  for (const [name, token] of lies) {
    liar.answer({ 'POST /token': token })
    t.same(await logIn(world, liar), failed, name)
  }
  liar.becomeHonest()
  liar.answer({ 'GET /me': () => json({ sub: 'the victim', name: 'Victim' }) })
  t.same(await logIn(world, liar), failed, 'another subject at the user info')
  liar.becomeHonest()
  t.match(await logIn(world, liar), { code: codes.LOGGED_IN, isNew: false }, issuer)
})

t.test('a provider that changes its keys logs in by those that it has published', async (t) => {
  const liar = await openHostileProvider(t)
  const next = createSigningKey('second')
  const world = await open(t, { liar: liar.row })
  liar.answer({ 'GET /jwks': () => json({ keys: [liar.key.jwk, next.jwk] }) })
  t.match(await logIn(world, liar), { code: codes.LOGGED_IN })
  liar.answer({ 'POST /token': () => liar.giveTokens(signToken(liar.honestClaims(), next)) })
  t.match(await logIn(world, liar), { code: codes.LOGGED_IN, isNew: false })
  const unpublished = createSigningKey('third')
  liar.answer({ 'POST /token': () => liar.giveTokens(signToken(liar.honestClaims(), unpublished)) })
  t.same(await logIn(world, liar), failed)
})

t.test('a discovery that leads elsewhere begins no login', async (t) => {
  const rows: [name: string, more: object][] = [
    ['a script', { authorization_endpoint: 'javascript:alert(1)' }],
    ['no page', { authorization_endpoint: undefined }],
    ['another issuer', { issuer: 'https://evil.example' }],
  ]
  for (const [name, more] of rows) {
    const liar = await openHostileProvider(t)
    const { start } = await open(t, { liar: liar.row })
    liar.answer({ 'GET /.well-known/openid-configuration': () => json({ ...liar.discovery, ...more }) })
    const { json: reply } = await start('liar')
    t.equal(reply.code, codes.PROVIDER_FAILED, name)
    t.notOk(reply.url, name)
  }
  const endpoints: [name: string, more: object][] = [
    ['metadata of a cloud', { token_endpoint: 'http://169.254.169.254/latest/meta-data' }],
    ['a file', { token_endpoint: 'file:///etc/passwd' }],
    ['keys of a private network', { jwks_uri: 'https://10.0.0.1/jwks' }],
  ]
  for (const [name, more] of endpoints) {
    const liar = await openHostileProvider(t)
    const world = await open(t, { liar: liar.row })
    liar.answer({ 'GET /.well-known/openid-configuration': () => json({ ...liar.discovery, ...more }) })
    t.same(await logIn(world, liar), failed, name)
  }
})

t.test('10 MB of discovery, of keys and of user info end the login', async (t) => {
  for (const path of ['/.well-known/openid-configuration', '/jwks', '/me']) {
    const liar = await openHostileProvider(t)
    const world = await open(t, { liar: liar.row })
    liar.answer({ [`GET ${path}`]: () => ({ text: JSON.stringify({ x: 'x'.repeat(10 * 1_048_576) }) }) })
    const result = await logIn(world, liar)
    t.ok('error' in result || result.code === codes.PROVIDER_FAILED, path)
  }
})

t.test('many starts at a dead provider ask it seldom, and others go on', async (t) => {
  const liar = await openHostileProvider(t)
  const other = await openHostileProvider(t)
  const clock = createTestClock()
  const { start, server } = await open(t, { liar: liar.row, other: other.row }, {}, clock)
  liar.answer({ 'GET /.well-known/openid-configuration': () => json({}, 503) })
  for (let round = 0; round < 5; round++) {
    const replies = await Promise.all(Array.from({ length: 20 }, () => start('liar')))
    for (const { json: reply } of replies) t.equal(reply.code, codes.PROVIDER_FAILED)
  }
  t.equal(liar.asked.length, 1, 'one call in a second, for 100 starts')
  t.equal((await start('other')).json.code, codes.OK)
  const { payload } = await server.http.inject({ method: 'GET', url: '/readyz' })
  t.match(JSON.parse(payload), { status: 'ready', dependencies: { providers: /^provider liar: / } })
  liar.becomeHonest()
  t.equal((await start('liar')).json.code, codes.PROVIDER_FAILED)
  clock.add(1_000)
  t.equal((await start('liar')).json.code, codes.OK, 'it is asked again')
  const later = await server.http.inject({ method: 'GET', url: '/readyz' })
  t.match(later.json(), { status: 'ready', dependencies: { providers: 'ok' } })
})

t.test('a slow provider holds no slot that other writes need', async (t) => {
  let answerToken = (_answer: Answer) => {}
  const slow = await openPlainProvider(t, {
    'POST /token': () =>
      new Promise((resolve) => {
        answerToken = resolve
      }),
    'GET /user': () => json({ id: 1 }),
  })
  const row = {
    kind: 'oauth2',
    clientId: 'torii',
    clientSecret: 'slow-secret-kept',
    authorizeUrl: `${slow.url}/auth`,
    tokenUrl: `${slow.url}/token`,
    calls: [{ name: 'user', url: `${slow.url}/user` }],
    fields: { subject: 'user.id' },
    acceptsNativeCode: true,
  }
  const settings = { TORII__SERVER__MAX_WRITES_AT_ONCE: '1', TORII__SERVER__WRITE_WAIT_MS: '5000' }
  const { start, finish, callJson } = await open(t, { slow: row }, settings)
  const { verifier, json: begun } = await start('slow', {})
  const login = finish({ flow: begun.flow, verifier, providerCode: 'a-code' })
  await until('the provider is asked', () => slow.asked.length === 1)
  const register = {
    regmode: 'anonymous',
    user: { userName: 'meanwhile' },
    password: 'correct horse battery',
  }
  const { json: registered } = await callJson('/v1/register', register)
  t.equal(registered.code, codes.REGISTERED, 'with one slot for all writes')
  answerToken(json({ access_token: 'a' }))
  t.match(await login, { code: codes.LOGGED_IN })
})

t.test('rows that share their users open one account; others do not', async (t) => {
  const { url } = await openPlainProvider(t, {
    'POST /token': () => json({ access_token: 'a' }),
    'GET /user': () => json({ id: 'the-same' }),
  })
  const row = {
    kind: 'oauth2',
    issuer: 'https://chat.example',
    clientId: 'torii',
    clientSecret: 'shared-secret-kept',
    authorizeUrl: `${url}/auth`,
    tokenUrl: `${url}/token`,
    calls: [{ name: 'user', url: `${url}/user` }],
    fields: { subject: 'user.id' },
    acceptsNativeCode: true,
  }
  const rows = { chat: row, inside: { ...row, usersOf: 'chat' }, another: row }
  const { start, finish, callJson } = await open(t, rows)
  const come = async (provider: string) => {
    const { verifier, json: begun } = await start(provider, {})
    const { user, tickets, isNew } = await finish({ flow: begun.flow, verifier, providerCode: 'a-code' })
    return { isNew, ...(user as { userId: string }), ...(tickets as { skey: string }) }
  }
  const first = await come('inside')
  t.equal(first.isNew, true)
  const second = await come('chat')
  t.match(second, { isNew: false, userId: first.userId })
  t.equal((await come('another')).isNew, true)
  const { json: list } = await callJson('/v1/oauth/list', { token: second.skey })
  t.match(list.identities, [{ provider: 'chat' }])
})

t.test('what the browser makes up is told to the app, and is no fault of the provider', async (t) => {
  const liar = await openHostileProvider(t)
  const { start, comeBack, server } = await open(t, { liar: liar.row })
  const rows: [more: Record<string, string>, error: object][] = [
    [{ error: 'access_denied' }, refused],
    [{ error: 'server_error', error_description: '<script>alert(1)</script>' }, failed],
    [{ iss: 'https://evil.example' }, failed],
  ]
  for (const [more, { error }] of rows as [Record<string, string>, { error: string }][]) {
    const { json: begun } = await start('liar')
    const to = liar.visit(String(begun.url))
    for (const [name, value] of Object.entries(more)) to.searchParams.set(name, value)
    if (more.error) to.searchParams.delete('code')
    const target = await comeBack(to)
    t.equal(target.origin + target.pathname, back)
    t.equal(target.searchParams.get('error'), error)
    t.same([...target.searchParams.keys()].sort(), ['error', 'flow'], 'and nothing that the browser brought')
  }
  const { payload } = await server.http.inject({ method: 'GET', url: '/readyz' })
  t.equal(JSON.parse(payload).dependencies.providers, 'ok')
})
