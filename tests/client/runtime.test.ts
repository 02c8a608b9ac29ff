/** The client in runtimes that lack what browsers and Node have, and many clients behind one address. */
import { request } from 'node:http'
import t, { type Test } from 'tap'
import { type ClientOptions, createClient } from '../../src/client/index.ts'
import { openConnected, password, randomUser, refusalOf } from './connected.ts'
import { createTestStorage } from './wire.ts'
import { openEmbedded } from './worlds.ts'

t.setTimeout(120_000)

/** Replaces a global until the test ends. */
const replaceGlobal = (t: Test, name: string, value: unknown) => {
  const before = Object.getOwnPropertyDescriptor(globalThis, name)
  Object.defineProperty(globalThis, name, { value, configurable: true, writable: true })
  t.teardown(() => before && Object.defineProperty(globalThis, name, before))
}

const notImplemented = (): never => {
  throw new Error('not implemented')
}

/** As in React Native: the text can be had, its parts can't. */
class PartialUrl {
  static readonly canParse = undefined
  readonly href: string
  constructor(href: string) {
    this.href = href
  }
  get protocol(): string {
    return notImplemented()
  }
  get hostname(): string {
    return notImplemented()
  }
}

class PartialParams {
  constructor(members?: unknown) {
    if (Array.isArray(members)) notImplemented()
  }
  set = notImplemented
}

/** A `fetch` that needs nothing of what the test takes away; that of Node does. */
const createHttpFetch = (base: string): NonNullable<ClientOptions['fetch']> => {
  const port = Number(new URL(base).port)
  return (address, { headers, body }) =>
    new Promise((resolve, reject) => {
      const path = address.slice(base.length)
      const options = {
        host: '127.0.0.1',
        port,
        path,
        method: 'POST',
        headers: { ...(headers as Record<string, string>) },
      }
      const sent = request(options, async (incoming) => {
        let text = ''
        for await (const chunk of incoming.setEncoding('utf8')) text += chunk
        resolve(new Response(text, { status: incoming.statusCode ?? 0 }))
      })
      sent.on('error', reject).end(String(body))
    })
}

t.test('runtimes', async (t) => {
  const { world, server, connect } = await openConnected(t, openEmbedded)

  t.test('a whole round without AbortSignal.timeout and with half of URL', async (t) => {
    const fetch = createHttpFetch(server.url)
    replaceGlobal(t, 'AbortSignal', class {})
    replaceGlobal(t, 'URL', PartialUrl)
    replaceGlobal(t, 'URLSearchParams', PartialParams)
    for (const transport of ['totp', 'json'] as const) {
      const client = createClient({
        url: `${server.url}/`,
        ...world.app,
        transport,
        fetch,
        storage: createTestStorage(),
        minimumKdfCost: 4,
        redirects: ['http://127.0.0.1:1/'],
        device: { type: 'phone', os: 'Android 15', device: 'Anna & Co' },
      })
      const { user } = await client.register({ userName: randomUser(), password })
      await client.exchangeKeys()
      t.same((await client.session()).user, user, transport)
      await client.logout()
    }
  })

  t.test('a call ends in time without AbortSignal.timeout', async (t) => {
    replaceGlobal(t, 'AbortSignal', class {})
    const fetch: ClientOptions['fetch'] = (_, { signal }) =>
      new Promise((_, reject) => signal?.addEventListener('abort', () => reject(new Error('aborted'))))
    const { client } = connect({ transport: 'json', fetch, timeoutMs: 50 })
    t.match(await refusalOf(client.echo({})), { name: 'UNREACHABLE' })
  })

  t.test('what is missing is named', async (t) => {
    for (const missing of ['crypto', 'fetch']) {
      await t.test(missing, async (t) => {
        replaceGlobal(t, missing, undefined)
        const make = () => createClient({ url: server.url, ...world.app })
        t.throws(make, { name: 'RUNTIME_UNSUPPORTED', info: new RegExp(missing) })
      })
    }
  })

  t.test('a url that is none is refused when the client is made', async (t) => {
    const bad = ['', 'login.example.com', 'ftp://login.example.com', 'https://', 'https://a b', 'https://a@b']
    for (const url of [...bad, 'https://a/?b=c', 'https://a/#b', 'https://a:b', 'https://a\\b']) {
      t.throws(() => createClient({ url, appId: 'a' }), TypeError, url)
    }
    for (const url of ['https://login.example.com:8443/torii/', 'HTTPS://EXAMPLE.com', 'http://[::1]:80']) {
      t.ok(createClient({ url, appId: 'a' }), url)
    }
    t.throws(() => createClient({ url: 'http://localhost.evil.example', appId: 'a' }), TypeError)
    t.throws(() => createClient({ url: 'http://127.0.0.1.evil.example', appId: 'a' }), TypeError)
  })

  t.test('forty clients behind one address exchange their keys at once', async (t) => {
    for (const version of [1, 2] as const) {
      const clients = Array.from({ length: 40 }, () => connect({ transport: 'json' }).client)
      const results = await Promise.all(clients.map((it) => refusalOf(it.exchangeKeys({ version }))))
      const refused = results.filter((result) => result !== 'nothing').map(({ name }) => name)
      t.same(refused, [], `version ${version}`)
    }
  })
})
