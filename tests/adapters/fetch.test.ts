/** Outgoing calls: against servers on loopback that answer too much, too slowly, or with the place of another. */
import { createServer, type RequestListener } from 'node:http'
import { type AddressInfo, createServer as createTcpServer, type Socket } from 'node:net'
import t, { type Test } from 'tap'
import { createOutgoingFetch, OutgoingError, type Resolve } from '../../src/adapters/fetch.ts'
import { isPublicAddress } from '../../src/adapters/network.ts'

const defaults = { privateNetworks: [], connectTimeoutMs: 3_000, timeoutMs: 10_000, atOncePerHost: 20 }
type Options = Partial<typeof defaults> & { isTrial?: boolean; resolve?: Resolve; networks?: string[] }

const open = ({ isTrial = true, resolve, networks = [], ...more }: Options = {}) =>
  createOutgoingFetch({
    config: { ...defaults, ...more, privateNetworks: networks },
    isTrial,
    ...(resolve && { resolve }),
  })

const give =
  (...addresses: string[]): Resolve =>
  async () =>
    addresses.map((address) => ({ address, family: address.includes(':') ? 6 : 4 }))

const listen = async (t: Test, handle: RequestListener, host = '127.0.0.1') => {
  const server = createServer(handle)
  await new Promise<void>((resolve) => server.listen(0, host, resolve))
  t.teardown(() => {
    server.closeAllConnections()
    server.close()
  })
  return (server.address() as AddressInfo).port
}

const listenRaw = async (t: Test, onSocket: (socket: Socket) => void) => {
  const sockets = new Set<Socket>()
  const server = createTcpServer((socket) => {
    sockets.add(socket)
    socket.on('error', () => {})
    socket.on('close', () => sockets.delete(socket))
    onSocket(socket)
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  t.teardown(() => {
    for (const socket of sockets) socket.destroy()
    server.close()
  })
  return { port: (server.address() as AddressInfo).port, sockets }
}

/** The reason and message of a call that is refused. */
const refusalOf = async (call: Promise<unknown>) => {
  const error = await call.then(
    () => undefined,
    (error: unknown) => error,
  )
  if (!(error instanceof OutgoingError)) throw error ?? new Error('the call was answered')
  return { reason: error.reason, message: error.message }
}

const reasonOf = async (call: Promise<unknown>) => (await refusalOf(call)).reason

t.test('a call gives status, headers and text, and sends its body', async (t) => {
  const port = await listen(t, (request, response) => {
    let body = ''
    request.setEncoding('utf8').on('data', (text: string) => {
      body += text
    })
    request.on('end', () => {
      response.writeHead(418, { 'x-method': request.method, 'x-kind': request.headers['content-type'] })
      response.end(`got ${body} 你好`)
    })
  })
  const headers = { 'content-type': 'text/plain' }
  const call = { method: 'POST', headers, body: 'a=1' } as const
  const reply = await open()(`http://127.0.0.1:${port}/a?b=1`, call)
  t.equal(reply.status, 418)
  t.equal(reply.text, 'got a=1 你好')
  t.equal(reply.headers.get('x-method'), 'POST')
  t.equal(reply.headers.get('x-kind'), 'text/plain')
})

t.test('only addresses of the public internet are public', async (t) => {
  const rows: [address: string, isPublic: boolean][] = [
    ['8.8.8.8', true],
    ['2606:4700::1111', true],
    ['64:ff9b::808:808', true],
    ['::ffff:8.8.8.8', true],
    ...[
      ...['127.0.0.1', '0.0.0.0', '0.1.2.3', '10.1.1.1', '172.16.0.1', '192.168.1.1', '169.254.169.254'],
      ...['100.100.100.200', '168.63.129.16', '192.0.0.192', '198.18.0.1', '224.0.0.1', '240.0.0.1'],
      ...['255.255.255.255', '::', '::1', '::127.0.0.1', '::7f00:1', '::ffff:10.0.0.1', '::ffff:0:10.0.0.1'],
      ...['64:ff9b::7f00:1', '64:ff9b::a9fe:a9fe', '64:ff9b:1:7f00:0:100:808:808', 'fd00:ec2::254'],
      ...['fe80::1', 'fe80::1%eth0', 'fec0::1', '2002:7f00:1::', '2001::1', '2001:db8::1', 'ff02::1'],
      ...['localhost', '', '10', '0x7f000001', '010.0.0.1'],
    ].map((address): [string, boolean] => [address, false]),
  ]
  for (const [address, isPublic] of rows) t.equal(isPublicAddress(address), isPublic, address)
})

t.test('a private address is refused before it is dialled', async (t) => {
  let calls = 0
  const port = await listen(t, (_request, response) => {
    calls++
    response.end()
  })
  const inService = open({ isTrial: false })
  for (const host of ['127.0.0.1', 'localhost', '[::1]', '[::ffff:127.0.0.1]', '2130706433', '0x7f.1', '0']) {
    const reason = await reasonOf(inService(`https://${host}:${port}/`))
    t.equal(reason, 'address refused', host)
  }
  t.equal(await reasonOf(open()('http://169.254.169.254/latest/meta-data')), 'url refused')
  t.equal(await reasonOf(open()('https://10.0.0.1/')), 'address refused', 'in a trial too')
  const { message } = await refusalOf(inService(`https://127.0.0.1:${port}/a?secret=1`))
  t.match(message, /^https:\/\/127\.0\.0\.1:\d+\/a: 127\.0\.0\.1 is not a public address .*outgoing\.priv/)
  t.notMatch(message, 'secret')
  t.equal(calls, 0)
})

t.test('one private address among public ones refuses the call', async (t) => {
  const resolve = give('8.8.8.8', '10.0.0.1')
  t.equal(await reasonOf(open({ resolve })('https://mixed.example/')), 'address refused')
})

t.test('a configured network is reached, by TLS alone', async (t) => {
  const { port, sockets } = await listenRaw(t, (socket) => socket.end('this is not TLS\r\n'))
  const inner = open({ isTrial: false, networks: ['127.0.0.0/8'], resolve: give('127.0.0.1') })
  t.equal(await reasonOf(inner(`http://inner.example:${port}/`)), 'url refused')
  t.equal(sockets.size, 0)
  t.equal(await reasonOf(inner(`https://inner.example:${port}/`)), 'unreachable', 'it was dialled')
})

t.test('the address that was checked is the one that is dialled', async (t) => {
  const port = await listen(t, (_request, response) => response.end('the first'))
  let lookups = 0
  const resolve: Resolve = async () => {
    lookups++
    return [{ address: lookups === 1 ? '127.0.0.1' : '169.254.169.254', family: 4 }]
  }
  const call = open({ resolve })
  const { text } = await call(`http://rebinding.example:${port}/`)
  t.equal(text, 'the first')
  t.equal(lookups, 1, 'one look-up for one call')
  t.equal(await reasonOf(call(`https://rebinding.example:${port}/`)), 'address refused')
})

t.test('a URL that is none, or has a user in it, is refused', async (t) => {
  for (const url of ['', 'ftp://a.example/', 'file:///etc/passwd', 'https://a@b.example/', '//b.example'])
    t.equal(await reasonOf(open()(url)), 'url refused', url)
})

t.test('no redirect is followed', async (t) => {
  const calls: string[] = []
  const port = await listen(t, (request, response) => {
    calls.push(request.url ?? '')
    response.writeHead(302, { location: 'http://169.254.169.254/latest/meta-data' }).end()
  })
  t.equal(await reasonOf(open()(`http://127.0.0.1:${port}/start`)), 'redirect refused')
  t.same(calls, ['/start'])
})

t.test('10 MB are not read', async (t) => {
  const megabyte = Buffer.alloc(1_048_576, 'x')
  let sent = 0
  const port = await listen(t, async (_request, response) => {
    const isGone = () => response.destroyed
    for (; sent < 10 && !isGone(); sent++) {
      if (response.write(megabyte)) continue
      await new Promise<void>((resolve) => {
        response.once('drain', resolve)
        response.once('close', resolve)
      })
    }
    response.end()
  })
  const { reason, message } = await refusalOf(open()(`http://127.0.0.1:${port}/`))
  t.equal(reason, 'too large')
  t.match(message, 'more than 262144 bytes')
  t.ok(sent < 10, 'the server could not send all')
})

t.test('headers without end are not read, nor replies before the reply', async (t) => {
  const pieces = ['HTTP/1.1 200 OK\r\n', 'HTTP/1.1 103 Early Hints\r\n\r\n']
  for (const [at, begin] of pieces.entries()) {
    const { port } = await listenRaw(t, (socket) => {
      socket.write(begin)
      const more = (at === 0 ? 'x-more: and more\r\n' : begin).repeat(100)
      const send = () => {
        if (!socket.destroyed) socket.write(more, () => setImmediate(send))
      }
      send()
    })
    const reason = await reasonOf(open()(`http://127.0.0.1:${port}/`))
    t.equal(reason, 'too large', begin)
  }
})

t.test('a body that drips ends at the time of the whole call', async (t) => {
  const port = await listen(t, (_request, response) => {
    const timer = setInterval(() => response.write('x'), 20)
    response.on('close', () => clearInterval(timer))
  })
  const { reason, message } = await refusalOf(open({ timeoutMs: 400 })(`http://127.0.0.1:${port}/`))
  t.equal(reason, 'timed out')
  t.match(message, 'no answer within 400 ms (outgoing.timeoutMs)')
})

t.test('a name server or a TLS that does not answer ends at the time of the connection', async (t) => {
  const { port } = await listenRaw(t, () => {})
  const never: Resolve = () => new Promise(() => {})
  const rows: [name: string, call: Promise<unknown>][] = [
    ['name', open({ connectTimeoutMs: 200, resolve: never })('https://slow.example/')],
    ['TLS', open({ connectTimeoutMs: 200 })(`https://127.0.0.1:${port}/`)],
  ]
  for (const [name, call] of rows) {
    const { reason, message } = await refusalOf(call)
    t.equal(reason, 'timed out', name)
    t.match(message, 'outgoing.connectTimeoutMs', name)
  }
})

t.test('a dead host holds few calls, and others go on', async (t) => {
  const { port, sockets } = await listenRaw(t, () => {})
  const alive = await listen(t, (_request, response) => response.end('alive'))
  const call = open({ atOncePerHost: 3, timeoutMs: 1_000 })
  const waiting = Array.from({ length: 3 }, () => reasonOf(call(`http://127.0.0.1:${port}/`)))
  const { reason, message } = await refusalOf(call(`http://127.0.0.1:${port}/`))
  t.equal(reason, 'too many at once')
  t.match(message, 'outgoing.atOncePerHost')
  t.equal((await call(`http://127.0.0.1:${alive}/`)).text, 'alive')
  t.same(await Promise.all(waiting), ['timed out', 'timed out', 'timed out'])
  t.ok(sockets.size <= 3)
  t.equal(await reasonOf(call(`http://127.0.0.1:${port}/`)), 'timed out', 'a place is free again')
})

t.test('many calls to one host share one look-up', async (t) => {
  let lookups = 0
  const call = open({
    connectTimeoutMs: 200,
    resolve: () => {
      lookups++
      return new Promise(() => {})
    },
  })
  await Promise.all(Array.from({ length: 5 }, () => reasonOf(call('https://slow.example/'))))
  t.equal(lookups, 1)
})

t.test('an encoding that was not asked for is refused, and what is closed is unreachable', async (t) => {
  const port = await listen(t, (_request, response) => {
    response.writeHead(200, { 'content-encoding': 'gzip' }).end('x')
  })
  t.equal(await reasonOf(open()(`http://127.0.0.1:${port}/`)), 'unreadable')
  const { reason, message } = await refusalOf(open()('http://127.0.0.1:1/'))
  t.equal(reason, 'unreachable')
  t.match(message, 'ECONNREFUSED')
})
