/** What lies between a client and its server, with the faults of a network at hand. */
import type { ClientStorage } from '../../src/client/index.ts'
import type { Fetch } from '../../src/client/post.ts'

type Call = { path: string; body: string; reply: string; j: string; isSealed: boolean }
/** May change what comes back; undefined: nothing comes back. */
type Fault = (reply: string) => Promise<string | undefined> | string | undefined
type Kept = 'device' | 'login' | 'key' | 'kdf'
/** The operations by the names that the tests use. */
const paths = {
  provision: '/v1/totp',
  echo: '/v1/echo',
  keyExchange: '/v1/key-exchange',
  hello: '/v1/hello',
  register: '/v1/register',
  login: '/v1/login',
  session: '/v1/session',
  exchange: '/v1/ticket/exchange',
  logout: '/v1/logout',
} as const

type Operation = keyof typeof paths | `/${string}`

const pathOf = (operation: Operation) =>
  Object.hasOwn(paths, operation) ? paths[operation as keyof typeof paths] : operation

export const createWire = (url: string) => {
  const calls: Call[] = []
  const faults: { path: string; fault: Fault; before?: () => void }[] = []

  const send: Fetch = async (address, init) => {
    const path = address.slice(url.length)
    const body = String(init.body)
    const form = new URLSearchParams(body)
    const call: Call = { path, body, reply: '', j: form.get('j') ?? '', isSealed: form.get('v') === '2' }
    calls.push(call)
    const index = faults.findIndex((row) => row.path === path)
    const [row] = index < 0 ? [] : faults.splice(index, 1)
    row?.before?.()
    const response = await fetch(address, init)
    call.reply = await response.text()
    const text = row ? await row.fault(call.reply) : call.reply
    if (text === undefined) throw new TypeError('the connection broke')
    return new Response(text, { status: response.status, headers: response.headers })
  }

  return {
    calls,
    fetch: send,
    /** The calls of a path so far. */
    of: (operation: Operation) => calls.filter(({ path }) => path === pathOf(operation)),
    /** The next call of a path arrives, its reply doesn't. */
    loseReply: (operation: Operation) => faults.push({ path: pathOf(operation), fault: () => undefined }),
    /** The reply to the next call of a path is replaced; `before` runs when it is about to be sent. */
    replaceReply: (operation: Operation, fault: Fault, before = () => {}) =>
      faults.push({ path: pathOf(operation), fault, before }),
  }
}

/** The header of a sealed call, which is not encrypted. */
export const headerOf = ({ j }: { j: string }) => {
  const bytes = Buffer.from(j, 'base64url')
  return {
    timestampMs: Number(bytes.readBigUInt64BE(6)),
    sequence: Number(bytes.readBigUInt64BE(14)),
    requestId: bytes.subarray(22, 30).toString('hex'),
    nonce: bytes.subarray(30, 42).toString('hex'),
  }
}

/** A storage that shows what was written. */
export const createTestStorage = () => {
  const texts = new Map<string, string>()
  const writes: string[] = []
  let refusals = 0
  const keyOf = (what: string) => [...texts.keys()].find((key) => key.startsWith(`torii:${what}:`)) ?? ''
  const storage: ClientStorage = {
    get: async (key) => texts.get(key),
    set: async (key, value) => {
      if (refusals > 0) {
        refusals--
        throw new Error('the storage is full')
      }
      writes.push(`set ${key}`)
      texts.set(key, value)
    },
    remove: async (key) => {
      writes.push(`remove ${key}`)
      texts.delete(key)
    },
  }
  return {
    ...storage,
    texts,
    writes,
    refuseNext: () => {
      refusals = 1
    },
    read: (what: Kept): Record<string, string> | undefined =>
      texts.has(keyOf(what)) ? JSON.parse(texts.get(keyOf(what)) ?? '') : undefined,
    forget: (what: Kept) => texts.delete(keyOf(what)),
    change: (what: Kept, more: Record<string, unknown>) =>
      texts.set(keyOf(what), JSON.stringify({ ...JSON.parse(texts.get(keyOf(what)) ?? '{}'), ...more })),
  }
}
