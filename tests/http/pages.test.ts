/** Pages: HTML, redirects and files, beside the operations and under the same rules. */
import { fileURLToPath } from 'node:url'
import t, { type Test } from 'tap'
import { catalogue, type ErrorName } from '../../src/protocol/errors.ts'
import { until } from '../harness/test-server.ts'
import { openSocket, requestText } from './raw-socket.ts'
import { openWorld } from './world.ts'

type Html = { status: number; headers: Record<string, string>; body: string }

const nonceOf = ({ body }: Html) => /nonce="([^"]+)"/.exec(body)?.[1] ?? 'none'

/** What holds for every page, also for one that refuses. */
const checkPage = (t: Test, reply: Html, status: number) => {
  t.equal(reply.status, status)
  t.match(reply.headers, {
    'content-type': 'text/html; charset=utf-8',
    'cache-control': 'no-store',
    'x-content-type-options': 'nosniff',
    'referrer-policy': 'no-referrer',
  })
  const policy = reply.headers['content-security-policy'] ?? ''
  t.match(policy, "default-src 'none'")
  t.match(policy, "frame-ancestors 'none'")
  t.notMatch(policy, /unsafe|\*|http/)
  for (const source of ['script-src', 'style-src'])
    t.ok(policy.includes(`${source} 'nonce-${nonceOf(reply)}'`), `${source} names the nonce of this page`)
  t.notMatch(reply.body, /<(script|style)(?! nonce=)/, 'every script and style has the nonce')
}

const checkRefused = (t: Test, reply: Html, name: ErrorName) => {
  const { status, text, code } = catalogue[name]
  checkPage(t, reply, status)
  for (const words of [text['zh-CN'], text.en, String(code)]) t.ok(reply.body.includes(words), words)
}

t.test('the front page says in both languages what this is and where the documentation is', async (t) => {
  const world = await openWorld(t, { TORII__SERVER__TRIAL: 'false' })
  const reply = await world.request({ url: '/' })
  checkPage(t, reply, 200)
  for (const words of ['正在运行', 'is running', 'docs/protocol.md', '/healthz'])
    t.ok(reply.body.includes(words), words)
  const again = await world.request({ url: '/?a=1', headers: { 'accept-language': 'en' } })
  t.not(nonceOf(again), nonceOf(reply), 'each reply has a new nonce')
  t.ok(again.body.indexOf('is running') < again.body.indexOf('正在运行'), "the caller's language comes first")
  t.notOk(reply.headers['strict-transport-security'], 'not without our own TLS')
})

t.test('a page is under the rate limit and the bans, and refuses in HTML', async (t) => {
  const world = await openWorld(t, { TORII__LIMITS__OTHER: '[60, 2]' })
  for (const _ of [1, 2]) checkPage(t, await world.request({ url: '/' }), 200)
  const refused = await world.request({ url: '/' })
  checkRefused(t, refused, 'TOO_OFTEN')
  t.ok(Number(refused.headers['retry-after']) > 0)
  await world.admin.bans.ban('127.0.0.1/32', world.clock.now() + 60_000, 'spam')
  await until('the server knows the ban', async () => (await world.request({ url: '/' })).status === 403)
  checkRefused(t, await world.request({ url: '/' }), 'ADDRESS_BANNED')
})

t.test('a parameter that comes twice is refused in HTML', async (t) => {
  const world = await openWorld(t)
  const reply = await world.request({ url: '/?a=1&a=2' })
  checkRefused(t, reply, 'ENVELOPE_REFUSED')
})

t.test('under its own TLS every reply asks for TLS from now on', async (t) => {
  const fixture = (name: string) =>
    fileURLToPath(import.meta.resolve(`#root/tests/fixtures/store-tls/${name}`))
  const world = await openWorld(t, {
    TORII__SERVER__TLS__CERT_FILE: fixture('server.pem'),
    TORII__SERVER__TLS__KEY_FILE: fixture('server.key'),
  })
  const port = await world.listen()
  const socket = await openSocket(port, { tls: true })
  for (const url of ['/', '/nothing', '/healthz']) {
    socket.write(requestText('GET', url))
    t.match((await socket.read())?.headers, { 'strict-transport-security': /^max-age=\d{7,}$/ }, url)
  }
  socket.destroy()
})
