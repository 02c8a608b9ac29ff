/** Edges of HTTP where a proxy, a browser or a careless client meets us. */
import t from 'tap'
import { readParameters } from '../../src/http/parameters.ts'
import { openSocket, requestText } from './raw-socket.ts'
import { formType, jsonType, openWorld } from './world.ts'

t.test('a request that was refused before its body gets no second reply', async (t) => {
  const world = await openWorld(t, { TORII__SERVER__REQUEST_TIMEOUT_MS: '500' })
  const port = await world.listen()
  const head = (method: string, ...headers: string[]) => requestText(method, '/v1/echo', { headers })
  const rows: [what: string, status: number, first: string, then: string][] = [
    ['a faulty chunk', 415, head('POST', 'Content-Type: text/plain', 'Transfer-Encoding: chunked'), 'Z\r\n'],
    ['a body that never comes', 405, head('PUT', 'Content-Length: 10'), '{}'],
  ]
  for (const [what, status, first, then] of rows) {
    const socket = await openSocket(port)
    socket.write(first)
    t.equal((await socket.read())?.status, status, what)
    socket.write(then)
    t.equal(await socket.closed(), '', `${what}: the connection closes without a word`)
  }
  const socket = await openSocket(port)
  socket.write(`${rows[0]?.[2]}Z\r\n`)
  t.equal((await socket.closed()).match(/HTTP\/1\.1/g)?.length, 1, 'all at once')
})

t.test('a client that sends 10 MB reads why they were refused', async (t) => {
  const world = await openWorld(t)
  const port = await world.listen()
  for (let round = 0; round < 10; round++) {
    const socket = await openSocket(port)
    socket.write(requestText('POST', '/v1/echo', { type: jsonType, body: 'x'.repeat(10_000_000) }))
    t.equal((await socket.read())?.status, 413)
    socket.destroy()
  }
  const endless = await openSocket(port)
  endless.write(requestText('POST', '/v1/echo', { type: jsonType, headers: ['Content-Length: 999999999'] }))
  for (let sent = 0; sent < 40; sent++) endless.write('x'.repeat(1_000_000))
  await endless.closed()
})

t.test('preflights of a listed origin count against no limit', async (t) => {
  const origin = 'https://page.example'
  const world = await openWorld(t, {
    TORII__SERVER__ORIGINS: origin,
    TORII__LIMITS__OTHER: '[60, 2]',
  })
  const preflight = (from: string) =>
    world.request({
      url: '/v1/echo',
      method: 'OPTIONS',
      headers: { origin: from, 'access-control-request-method': 'POST' },
    })
  for (let call = 0; call < 10; call++) t.equal((await preflight(origin)).status, 204)
  const others = [await preflight('https://a.example'), await preflight('https://a.example')]
  t.same(
    others.map(({ status }) => status),
    [405, 405],
  )
  t.equal((await preflight('https://a.example')).status, 429, 'others count')
})

t.test('an upstream of nginx as it is by default is no trial', async (t) => {
  const world = await openWorld(t)
  const port = await world.listen()
  const body = JSON.stringify({ appid: world.app.appId, appsecret: world.app.appSecret })
  const call = async (text: string) => {
    const socket = await openSocket(port)
    socket.write(text)
    const reply = await socket.read()
    socket.destroy()
    return reply?.status
  }
  const text = requestText('POST', '/v1/echo', { type: jsonType, body, host: `127.0.0.1:${port}` })
  t.equal(await call(text), 200)
  t.equal(await call(text.replace('HTTP/1.1', 'HTTP/1.0')), 403)
})

t.test('separators are counted before a form is split', async (t) => {
  const read = (text: string) =>
    readParameters({
      method: 'POST',
      raw: { url: '/' },
      body: { type: 'form', bytes: Buffer.from(text) },
    } as never)
  const costOf = (text: string) => {
    let best = Number.POSITIVE_INFINITY
    for (let round = 0; round < 30; round++) {
      const before = process.cpuUsage()
      for (let call = 0; call < 20; call++)
        try {
          read(text)
        } catch {}
      const { user, system } = process.cpuUsage(before)
      best = Math.min(best, user + system)
    }
    return best
  }
  const good = costOf(`a=${'x'.repeat(65_998)}`)
  for (const text of ['a&'.repeat(33_000), '&'.repeat(66_000), 'a=%20&'.repeat(11_000)]) {
    const cost = costOf(text)
    t.ok(cost <= 5 * good + 200, `${text.slice(0, 8)}…: ${cost} µs against ${good}`)
    t.throws(() => read(text), { name: 'Failure' })
  }
  t.equal((read(`${'&'.repeat(30)}a=1`) as { values: Map<string, string> }).values.get('a'), '1')
})

t.test('strict takes every change by POST only, key exchange and hello too', async (t) => {
  const world = await openWorld(t, { TORII__SECURITY__PROFILE: 'strict' })
  for (const path of ['/v1/hello', '/v1/key-exchange', '/v1/login']) {
    const reply = await world.request({ url: `${path}?j=AAAA` })
    t.equal(JSON.parse(reply.body).code, 2020415, path)
    t.match(JSON.parse(reply.body).info, 'POST')
  }
})

t.test('a form type with a charset of UTF-8 is taken in any writing', async (t) => {
  const world = await openWorld(t)
  for (const charset of ['utf-8', 'UTF-8', '"utf-8"', 'utf8']) {
    const reply = await world.request({
      url: '/v1/echo',
      post: 'a=1',
      headers: { 'content-type': `${formType}; charset=${charset}` },
    })
    t.equal(JSON.parse(reply.body).code, 2020408, charset)
  }
})
