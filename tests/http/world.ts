/** What the tests of the front door share: a server with a still clock, and what every refusal looks like. */
import { createHash } from 'node:crypto'
import { mkdtemp, writeFile } from 'node:fs/promises'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { hash } from 'bcryptjs'
import type { Test } from 'tap'
import xxtea from 'xxtea-node'
import type { Random } from '../../src/adapters/random.ts'
import { createAdmin } from '../../src/admin.ts'
import { loadConfig } from '../../src/config/load.ts'
import { catalogue, type ErrorName } from '../../src/protocol/errors.ts'
import { codes } from '../harness/codes.ts'
import { createTestClock, type Environment, openTestServer } from '../harness/test-server.ts'
import { codeAt, type Provisioned } from '../harness/totp-client.ts'

/** Stands in whatever is faulty here: a reply that has it echoes input. */
export const word = 'zebra'
/** In the middle of a step, far from its edges. */
export const startMs = 1_800_000_015_000

export const openWorld = async (t: Test, environment: Environment = {}, random?: Random) => {
  const clock = createTestClock(startMs)
  const world = await openTestServer({
    environment: { TORII__PASSWORD__COST: '4', ...environment },
    clock,
    ...(random && { random }),
  })
  t.teardown(world.close)
  const { server } = world
  return {
    ...world,
    clock,
    /** The verbs of the command line, on the same database. */
    admin: createAdmin({ db: server.db, config: loadConfig({}), clock }),
    /** Real sockets too, from now on. */
    listen: async () => {
      await server.http.listen({ host: '127.0.0.1', port: 0 })
      return (server.http.server.address() as AddressInfo).port
    },
    /** A request from any address; `post` is a form. */
    request: async ({
      url,
      method = 'GET',
      headers = {},
      post,
      json,
      from = '127.0.0.1',
    }: {
      url: string
      method?: string
      headers?: Record<string, string>
      post?: string
      json?: unknown
      from?: string
    }) => {
      const type = post !== undefined ? formType : json !== undefined ? jsonType : undefined
      const payload = typeof json === 'object' ? JSON.stringify(json) : ((json ?? post) as string | undefined)
      const reply = await server.http.inject({
        method: (type ? 'POST' : method) as 'GET',
        url,
        headers: { host: 'localhost', ...(type && { 'content-type': type }), ...headers },
        remoteAddress: from,
        ...(payload !== undefined && { payload }),
      })
      return { status: reply.statusCode, headers: reply.headers as Record<string, string>, body: reply.body }
    },
  }
}

/** A folder with word lists. */
export const writeLists = async (lists: Record<string, unknown>) => {
  const folder = await mkdtemp(join(tmpdir(), 'torii-words-'))
  for (const [name, list] of Object.entries(lists)) {
    await writeFile(join(folder, `${name}.json`), JSON.stringify(list))
  }
  return folder
}

export type World = Awaited<ReturnType<typeof openWorld>>

export const formType = 'application/x-www-form-urlencoded'
export const jsonType = 'application/json'
export const formOf = (values: Record<string, string>) => new URLSearchParams(values).toString()
export const base64urlOf = (text: string | Uint8Array) => Buffer.from(text).toString('base64url')

/** Seals what no client of ours would: bytes that are no text, under the key of any moment. */
export const sealBytes = (device: Provisioned, bytes: string | Uint8Array, nowMs = startMs) => {
  const key = createHash('md5')
    .update(device.secret + Number(codeAt(device.secret, nowMs)))
    .digest('hex')
  return base64urlOf(xxtea.encrypt(Buffer.from(bytes), key))
}

/** The JSON of a refusal, after what holds for every one: its shape, its headers, and no word of the request. */
export const checkRefusal = (
  t: Test,
  reply: { status: number; headers: Record<string, unknown>; body: string },
  name: ErrorName,
  { status = catalogue[name].status as number, message = '' } = {},
) => {
  const entry = catalogue[name]
  const json = JSON.parse(reply.body || '{}') as Record<string, unknown>
  const members = Object.keys(json)
  const problems = [
    json.code !== entry.code && `code ${json.code}, not ${entry.code}`,
    reply.status !== status && `status ${reply.status}, not ${status}`,
    json.msg !== entry.text['zh-CN'] && json.msg !== entry.text.en && 'msg is another',
    (members[0] !== 'code' || members[1] !== 'msg' || members.at(-1) !== 'timestamp') && `order ${members}`,
    reply.body.includes(word) && 'echoes input',
    /stack|node_modules|\.js\b|[A-Z]\w*Error/.test(reply.body) && 'shows the inside',
    reply.headers['content-type'] !== 'application/json; charset=utf-8' && 'content-type',
    reply.headers['cache-control'] !== 'no-store' && 'cache-control',
    reply.headers['x-content-type-options'] !== 'nosniff' && 'x-content-type-options',
    reply.headers['referrer-policy'] !== 'no-referrer' && 'referrer-policy',
    (json.code === codes.TOO_OFTEN || json.code === codes.ADDRESS_BANNED) &&
      !(Number(reply.headers['retry-after']) > 0) &&
      'retry-after',
  ].filter(Boolean)
  t.same(problems, [], `${message || name} (${reply.body.slice(0, 120)})`)
  return json
}

export type Members = Record<string, unknown>
export type Answer = Members & { code: number }
export type Call = (path: string, members?: Members) => Promise<Answer>
export type User = { userId: string; userName: string; nickName: string }
export type Tickets = { a2: string; skey: string }

/** What an old client does with a password: nothing of ours. */
export const clientHashOf = async (password: string, { salt, cost }: { salt: string; cost: number }) => {
  const text = createHash('md5').update(password).digest('hex')
  return (await hash(text, `$2b$${String(cost).padStart(2, '0')}$${salt}`)).slice(-31)
}

/** The ways into an operation. Each takes members and returns those of the reply. */
export const openWays = async (world: World) => {
  const client = await world.connect()
  const credentials = { appid: world.app.appId, appsecret: world.app.appSecret }
  const plain = (members: Members) =>
    formOf({ j: base64urlOf(JSON.stringify({ ...credentials, ...members })) })
  const readPlain = ({ body }: { body: string }): Answer =>
    JSON.parse(body.startsWith('{') ? body : Buffer.from(body, 'base64url').toString())
  return {
    't and j by POST': async (path, members) => (await client.call(path, members)).json as Answer,
    't and j by GET': async (path, members) => (await client.call(path, members, 'GET')).json as Answer,
    'plain j by POST': async (path, members = {}) =>
      readPlain(await world.request({ url: path, post: plain(members) })),
    'plain j by GET': async (path, members = {}) =>
      readPlain(await world.request({ url: `${path}?${plain(members)}` })),
    JSON: async (path, members) => (await world.callJson(path, members)).json as Answer,
  } satisfies Record<string, Call>
}

export const register = (call: Call, userName: string, password = 'pass word') =>
  call('/v1/register', { regmode: 'anonymous', user: { userName }, password })
