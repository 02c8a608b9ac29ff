/** What is wrong with a request never breaks a reply: one refusal, no input in it, and the next request works. */
import t, { type Test } from 'tap'
import { catalogue, type ErrorName } from '../../src/protocol/errors.ts'
import { codes } from '../harness/codes.ts'
import { sealText } from '../harness/totp-client.ts'
import { openSocket, requestText } from './raw-socket.ts'
import {
  base64urlOf,
  checkRefusal,
  formOf,
  formType,
  jsonType,
  openWorld,
  sealBytes,
  startMs,
  type World,
  word,
} from './world.ts'

const withoutTime = (body: string) => body.replace(/"timestamp":\d+/, '"timestamp":0')

/** No trial, which would tell the reason, and provisioning without TLS all the same. */
const service = {
  TORII__SERVER__TRIAL: 'false',
  TORII__SECURITY__PROFILE: 'legacy',
  TORII__TRANSPORT__FAILURE_STATUS: '403',
  TORII__LANGUAGES: 'zh-CN,en',
}

t.test('every envelope that cannot be opened gets the same refusal', async (t) => {
  const world = await openWorld(t, service)
  const [device, other] = [await world.provision(), await world.provision()]
  const { t: id } = device
  const good = sealText(device, `{"apiver":1,"a":"${word}"}`, startMs)
  const noise = base64urlOf(Buffer.alloc(64, word))
  const upper = `${id.slice(0, 31)}${id.endsWith('a') ? 'B' : 'A'}`
  // Two spare bits of the last letter: the same bytes, another text.
  const bytes16 = base64urlOf(Buffer.alloc(16, word))
  const spare = `${bytes16.slice(0, -1)}${String.fromCharCode(bytes16.charCodeAt(bytes16.length - 1) + 1)}`
  const long = (bytes: number) => sealBytes(device, `{"apiver":1,"a":"${' '.repeat(bytes - 19)}"}`)

  const rows: [what: string, values: string][] = [
    ['nothing at all', ''],
    ['other parameters', formOf({ a: word, b: word })],
    ['no j', formOf({ t: id })],
    ['an empty j', formOf({ t: id, j: '' })],
    ['an empty t', formOf({ t: '', j: good })],
    ['t too short', formOf({ t: id.slice(1), j: good })],
    ['t too long', formOf({ t: `${id}0`, j: good })],
    ['t in capitals', formOf({ t: upper, j: good })],
    ['t that is no hex', formOf({ t: word.padEnd(32, word), j: good })],
    ['t with a line break', formOf({ t: `${id}\n`, j: good })],
    ['an unknown t', formOf({ t: '0123456789abcdef0123456789abcdef', j: good })],
    ['t of another device', formOf({ t: other.t, j: good })],
    ['t twice', `${formOf({ t: id, j: good })}&t=${id}`],
    ['j twice', `${formOf({ t: id, j: good })}&j=${good}`],
    ['j twice, once behind an escape', `${formOf({ t: id, j: good })}&%6a=${good}`],
    ['another name twice', `${formOf({ t: id, j: good })}&a=1&a=1`],
    ['arrays in the way of PHP', `t[]=${id}&j[]=${good}`],
    ['arrays with an index', `t[0]=${id}&j[0]=${good}`],
    ['a version of the envelope that is not known', formOf({ v: '2', t: id, j: good })],
    ['version 1 spelled out', formOf({ v: '1', t: id, j: good })],
    ['65 parameters', formOf(Object.fromEntries(Array.from({ length: 65 }, (_, at) => [`p${at}`, word])))],
    ['noise', formOf({ t: id, j: noise })],
    ['padding with =', formOf({ t: id, j: `${base64urlOf(Buffer.alloc(16, word))}==` })],
    ['the other alphabet', formOf({ t: id, j: Buffer.alloc(24, 0xfb).toString('base64') })],
    ['a space in j', formOf({ t: id, j: `${good.slice(0, 8)} ${good.slice(8)}` })],
    ['a line break behind j', formOf({ t: id, j: `${good}\n` })],
    ['a letter that is none', formOf({ t: id, j: `${good.slice(0, -1)}ä` })],
    ['a length that no bytes have', formOf({ t: id, j: good.slice(0, 37) })],
    ['bits that are left over', formOf({ t: id, j: spare })],
    ['no whole words', formOf({ t: id, j: base64urlOf(Buffer.alloc(62, word)) })],
    ['less than two words', formOf({ t: id, j: base64urlOf(Buffer.alloc(4, word)) })],
    [
      'one letter changed',
      formOf({ t: id, j: `${good.slice(0, 9)}${good[9] === 'A' ? 'B' : 'A'}${good.slice(10)}` }),
    ],
    ['cut', formOf({ t: id, j: good.slice(0, -16) })],
    ['a code two steps old', formOf({ t: id, j: sealText(device, '{"apiver":1}', startMs - 60_000) })],
    ['a code two steps ahead', formOf({ t: id, j: sealText(device, '{"apiver":1}', startMs + 60_000) })],
    ['the key of another device', formOf({ t: id, j: sealText(other, '{"apiver":1}', startMs) })],
    [
      'one byte of a j without t that is not UTF-8',
      formOf({ j: base64urlOf(Buffer.from('7b22ff223a317d', 'hex')) }),
    ],
    ['a j without t that is no JSON', formOf({ j: base64urlOf(word) })],
    ['a j without t with padding', formOf({ j: `${base64urlOf('{}')}=` })],
  ]
  const plaintexts: [what: string, plaintext: string | Uint8Array][] = [
    ['an empty text', ' '],
    ['no JSON', word],
    ['an array', '[1]'],
    ['a text', `"${word}"`],
    ['two objects', '{}{}'],
    ['a byte order mark', '\ufeff{"apiver":1}'],
    ['bytes that are not UTF-8', Buffer.from('7b2261223a22ff227d', 'hex')],
    ['an overlong form', Buffer.from('7b2261223a22c080227d', 'hex')],
    ['a surrogate in UTF-8', Buffer.from('7b2261223a22eda080227d', 'hex')],
    ['a duplicate', `{"${word}":1,"${word}":2}`],
    ['a duplicate behind an escape', '{"a":1,"\\u0061":2}'],
    ['__proto__', '{"__proto__":{"a":1}}'],
    ['a name of digits', '{"1":1}'],
    ['a lone surrogate', '{"a":"\\ud800"}'],
    ['1e999', '{"a":1e999}'],
    ['an unsafe integer', '{"a":9007199254740992}'],
    ['17 levels', `${'{"a":'.repeat(17)}1${'}'.repeat(17)}`],
    ['65 members', `{${Array.from({ length: 65 }, (_, at) => `"m${at}":1`).join()}}`],
    ['257 items', `{"a":[${Array(257).fill('1').join()}]}`],
    ['a single quote', "{'a':1}"],
  ]
  const reference = withoutTime((await world.request({ url: '/v1/echo', post: rows[0]?.[1] ?? '' })).body)
  t.same(JSON.parse(reference), {
    code: codes.ENVELOPE_REFUSED,
    msg: catalogue.ENVELOPE_REFUSED.text['zh-CN'],
    timestamp: 0,
  })

  const isRefused = async (t: Test, what: string, request: Parameters<World['request']>[0], status = 403) => {
    const reply = await world.request(request)
    checkRefusal(t, reply, 'ENVELOPE_REFUSED', { status, message: what })
    if (withoutTime(reply.body) !== reference) t.fail(`${what}: another body than the others`)
  }
  for (const [what, values] of rows) {
    await isRefused(t, `GET: ${what}`, { url: `/v1/echo?${values}` })
    await isRefused(t, `POST: ${what}`, { url: '/v1/echo', post: values })
  }
  for (const [what, plaintext] of plaintexts) {
    const j = sealBytes(device, plaintext)
    await isRefused(t, `t/j: ${what}`, { url: '/v1/echo', post: formOf({ t: id, j }) })
    await isRefused(t, `plain j: ${what}`, { url: '/v1/echo', post: formOf({ j: base64urlOf(plaintext) }) })
    const body = Buffer.from(plaintext).toString('latin1')
    const reply = await world.server.http.inject({
      method: 'POST',
      url: '/v1/echo',
      headers: { host: 'localhost', 'content-type': jsonType },
      payload: Buffer.from(body, 'latin1'),
    })
    t.equal(withoutTime(reply.body), reference, `JSON body: ${what}`)
    t.equal(reply.statusCode, 403)
  }

  t.test('parameters come from one place', async (t) => {
    const both = formOf({ t: id, j: good })
    await isRefused(t, 'both in both', { url: `/v1/echo?${both}`, post: both })
    await isRefused(t, 't in the query, j in the body', { url: `/v1/echo?t=${id}`, post: `j=${good}` })
    await isRefused(t, 'j in the query, t in the body', { url: `/v1/echo?j=${good}`, post: `t=${id}` })
    await isRefused(t, 'a name in both', { url: `/v1/echo?a=1`, post: `${both}&a=1` })
    await isRefused(t, 'both in the query of a POST with a body', { url: `/v1/echo?${both}`, post: 'a=1' })
    await isRefused(t, 'both in the query beside JSON', { url: `/v1/echo?${both}`, json: {} })
    const get = {
      method: 'GET' as const,
      url: '/v1/echo',
      headers: { host: 'localhost', 'content-type': formType },
    }
    const inBody = await world.server.http.inject({ ...get, payload: both })
    checkRefusal(t, { status: inBody.statusCode, ...inBody, headers: inBody.headers }, 'ENVELOPE_REFUSED')
    const inQuery = await world.server.http.inject({ ...get, url: `/v1/echo?${both}`, payload: 'a=1' })
    t.equal(
      inQuery.headers['content-type'],
      'text/plain; charset=utf-8',
      'a GET has its parameters in the query',
    )
  })

  t.test('j may have exactly its limit and not one character more', async (t) => {
    const opens = async (what: string, request: Parameters<World['request']>[0]) => {
      const { status, headers } = await world.request(request)
      t.same([status, headers['content-type']], [200, 'text/plain; charset=utf-8'], what)
    }
    const byGet = (j: string) => ({ url: `/v1/echo?${formOf({ t: id, j })}` })
    const byPost = (j: string) => ({ url: '/v1/echo', post: formOf({ t: id, j }) })
    t.equal(long(1_496).length, 2_000)
    await opens('2,000 by GET', byGet(long(1_496)))
    await isRefused(t, '2,006 by GET', byGet(long(1_500)))
    await opens('2,006 by POST', byPost(long(1_500)))
    // Texts of 16 KiB at most, so several of them.
    const filled = (bytes: number) => {
      const [part, rest] = [' '.repeat(12_000), ' '.repeat(bytes - 36_029)]
      return sealBytes(device, JSON.stringify({ a: part, b: part, c: part, d: rest }))
    }
    t.equal(filled(49_148).length, 65_536)
    await opens('65,536 by POST', byPost(filled(49_148)))
    await isRefused(t, '65,542 by POST', byPost(filled(49_152)))
    await isRefused(t, 'a body that is not even read', byPost('A'.repeat(100_000)))
    const plain = (bytes: number) => {
      const members = { appid: world.app.appId, appsecret: world.app.appSecret, a: '' }
      members.a = ' '.repeat(bytes - JSON.stringify(members).length)
      return formOf({ j: base64urlOf(JSON.stringify(members)) })
    }
    await opens('a plain j of 2,000 by GET', { url: `/v1/echo?${plain(1_500)}` })
    await isRefused(t, 'a plain j of 2,002 by GET', { url: `/v1/echo?${plain(1_501)}` })
  })
})

t.test('what is wrong inside an envelope is answered inside it', async (t) => {
  const world = await openWorld(t)
  const client = await world.connect()
  const { appId, appSecret } = world.app
  type Row = [what: string, members: Record<string, unknown>, name: ErrorName]
  const rows: Row[] = [
    ['apiver 1', { apiver: 1 }, 'OK'],
    ['apiver "1"', { apiver: '1' }, 'OK'],
    ['no apiver', { apiver: undefined }, 'OK'],
    ...[2, '2', 0, -1, 1.5, '', '01', '1 ', true, null, [1], ['1'], { a: 1 }].map(
      (apiver): Row => [`apiver ${JSON.stringify(apiver)}`, { apiver }, 'API_VERSION'],
    ),
    ['its own appid', { appid: appId }, 'OK'],
    ['its own appid and appsecret', { appid: appId, appsecret: appSecret }, 'OK'],
    ['its own appsecret alone', { appsecret: appSecret }, 'OK'],
    ['another appid', { appid: word, appsecret: appSecret }, 'APP_REFUSED'],
    ['no text as appid', { appid: 1 }, 'APP_REFUSED'],
    ['another appsecret', { appid: appId, appsecret: word }, 'APP_REFUSED'],
    ['no text as appsecret', { appid: appId, appsecret: [appSecret] }, 'APP_REFUSED'],
    ['null as appsecret', { appsecret: null }, 'APP_REFUSED'],
    ['op of the operation', { op: '/v1/echo' }, 'OK'],
    ['op of another operation', { op: '/v1/login' }, 'ENVELOPE_REFUSED'],
    ['op of an old name', { op: '/tests/encrypttest.php' }, 'ENVELOPE_REFUSED'],
    ['op that is no text', { op: 1 }, 'ENVELOPE_REFUSED'],
    ['a rid', { rid: 'r-1 ~!' }, 'OK'],
    ['a rid of 64', { rid: 'r'.repeat(64) }, 'OK'],
    ...['', word.repeat(13), 'é', `${word}\n`, '中', 5, null, [word], { a: word }].map(
      (rid): Row => [`rid ${JSON.stringify(rid)}`, { rid }, 'PARAMETER_INVALID'],
    ),
    ['a reply of ours', { code: 1_000_000, timestamp: 1 }, 'ENVELOPE_REFUSED'],
    ['a refusal of ours', { code: 2_020_408, timestamp: word }, 'ENVELOPE_REFUSED'],
    ['a code of six digits', { code: 100_000, timestamp: 1 }, 'OK'],
    ['a code of eight digits', { code: 10_000_000, timestamp: 1 }, 'OK'],
    ['a code that is a text', { code: '1000000', timestamp: 1 }, 'OK'],
    ['a code without timestamp', { code: 1_000_000 }, 'OK'],
    ['unknown members', { stranger: { a: [1] }, constructor: 1, toString: null }, 'OK'],
  ]
  const judge = (
    what: string,
    { json, rid }: { json: Record<string, unknown>; rid: unknown },
    name: ErrorName,
  ) => {
    t.equal(json.code, catalogue[name].code, what)
    t.equal(json.rid, name === 'PARAMETER_INVALID' || typeof rid !== 'string' ? undefined : rid)
    if (name !== 'OK') t.notOk(JSON.stringify(json).includes(word), `${what}: no echo`)
  }
  for (const [what, members, name] of rows) {
    for (const method of ['POST', 'GET'] as const) {
      const { status, isSealed, json = {} } = await client.call('/v1/echo', members, method)
      t.same([status, isSealed], [200, true], `${what}: 200 and sealed`)
      judge(`t/j by ${method}: ${what}`, { json, rid: members.rid }, name)
    }
    const withApp = { appid: appId, appsecret: appSecret, ...members }
    const plain = await world.request({
      url: '/v1/echo',
      post: formOf({ j: base64urlOf(JSON.stringify(withApp)) }),
    })
    t.same([plain.status, plain.headers['content-type']], [200, 'text/plain; charset=utf-8'])
    const json = JSON.parse(Buffer.from(plain.body, 'base64url').toString())
    judge(`plain j: ${what}`, { json, rid: members.rid }, name)
    const body = await world.request({ url: '/v1/echo', json: withApp })
    t.equal(body.status, catalogue[name].status, `JSON body: ${what}: status`)
    judge(`JSON body: ${what}`, { json: JSON.parse(body.body), rid: members.rid }, name)
    if (name !== 'OK') checkRefusal(t, body, name)
  }

  t.test('every operation refuses a reply of the server that is sent back', async (t) => {
    const operations = ['echo', 'prelogin', 'register', 'login', 'session', 'ticket/exchange', 'logout']
    for (const operation of operations) {
      const reply = await client.call(`/v1/${operation}`)
      const again = await client.sendSealed(`/v1/${operation}`, reply.body)
      t.match(again, { isSealed: true, status: 200, json: { code: codes.ENVELOPE_REFUSED } }, operation)
    }
  })

  t.test('a JSON body or a plain j needs an app', async (t) => {
    const rows: [members: Record<string, unknown>, name: ErrorName][] = [
      [{}, 'PARAMETER_MISSING'],
      [{ appsecret: word }, 'PARAMETER_MISSING'],
      [{ appid: world.app.appId }, 'APP_REFUSED'],
      [{ appid: word, appsecret: word }, 'APP_REFUSED'],
      [{ appid: word }, 'APP_REFUSED'],
      [{ appid: '', appsecret: '' }, 'APP_REFUSED'],
      [{ appid: [word], appsecret: word }, 'APP_REFUSED'],
      [{ appid: null, appsecret: null }, 'APP_REFUSED'],
    ]
    for (const [members, name] of rows) {
      checkRefusal(t, await world.request({ url: '/v1/echo', json: members }), name)
      const plain = await world.request({
        url: `/v1/echo?${formOf({ j: base64urlOf(JSON.stringify(members)) })}`,
      })
      const { code } = JSON.parse(Buffer.from(plain.body, 'base64url').toString())
      t.same([plain.status, code], [200, catalogue[name].code])
    }
  })

  t.test('a member of a wrong type is refused and named', async (t) => {
    const rows: [path: string, members: Record<string, unknown>, name: ErrorName, info: string][] = [
      ['/v1/prelogin', {}, 'PARAMETER_MISSING', 'login'],
      ['/v1/prelogin', { login: [word] }, 'PARAMETER_INVALID', 'login'],
      ['/v1/prelogin', { login: '' }, 'PARAMETER_INVALID', 'login'],
      ['/v1/prelogin', { login: null }, 'PARAMETER_INVALID', 'login'],
      ['/v1/register', { regmode: 'anonymous' }, 'PARAMETER_MISSING', 'user'],
      ['/v1/register', { regmode: 'anonymous', user: word }, 'PARAMETER_INVALID', 'user'],
      ['/v1/register', { regmode: 'anonymous', user: {} }, 'PARAMETER_MISSING', 'user.userName'],
      ['/v1/register', { user: { userName: word } }, 'PARAMETER_MISSING', 'regmode'],
      ['/v1/login', { login: word, clientHash: word }, 'PARAMETER_INVALID', 'clientHash'],
      ['/v1/login', { login: word, device: { type: 'x'.repeat(33) } }, 'PARAMETER_INVALID', 'device.type'],
      ['/v1/session', { token: 5 }, 'PARAMETER_INVALID', 'token'],
      ['/v1/session', { token: word.repeat(99) }, 'PARAMETER_INVALID', 'token'],
      ['/v1/logout', { token: word, everywhere: 'yes' }, 'PARAMETER_INVALID', 'everywhere'],
      ['/v1/ticket/exchange', { token: word }, 'PARAMETER_MISSING', 'to'],
    ]
    for (const [path, members, name, info] of rows) {
      const sealed = await client.call(path, members)
      t.match(sealed, { isSealed: true, status: 200, json: { code: catalogue[name].code, info } }, path)
      const reply = await world.callJson(path, members)
      t.equal(checkRefusal(t, reply, name).info, info)
    }
  })

  t.test('the secret before the last counts until the rotation is finished', async (t) => {
    const { apps } = world.server
    const { appSecret: fresh } = await apps.rotate(appId)
    await apps.reload()
    const call = async (appsecret: string) => [
      (await client.call('/v1/echo', { appid: appId, appsecret })).json?.code,
      (await world.callJson('/v1/echo', { appsecret })).json.code,
    ]
    t.same(await call(appSecret), [codes.OK, codes.OK], 'the old one')
    t.same(await call(fresh), [codes.OK, codes.OK], 'the new one')
    await apps.finishRotation(appId)
    await apps.reload()
    t.same(await call(appSecret), [codes.APP_REFUSED, codes.APP_REFUSED], 'the old one, afterwards')
    t.same(await call(fresh), [codes.OK, codes.OK])
    t.match(await client.call('/v1/echo'), { json: { code: codes.OK } }, 'a device needs neither')
    await apps.disable(appId)
    await apps.reload()
    t.match(await client.call('/v1/echo'), {
      isSealed: true,
      status: 200,
      json: { code: codes.APP_DISABLED },
    })
    t.match(await world.callJson('/v1/echo', { appsecret: fresh }), {
      status: 403,
      json: { code: codes.APP_DISABLED },
    })
    t.match(await world.callJson('/v1/echo', { appsecret: word }), {
      status: 401,
      json: { code: codes.APP_REFUSED },
    })
    const provision = await world.request({ url: `/v1/totp?n=${appId}&s=${fresh}` })
    checkRefusal(t, provision, 'APP_DISABLED')
    await apps.enable(appId)
  })
})

type Row = [
  what: string,
  text: string,
  status: number,
  name: ErrorName,
  more?: { ends?: boolean; allow?: string },
]

/** One connection to a server, kept from request to request, and requests that echo a word. */
const openLine = async (t: Test) => {
  const world = await openWorld(t)
  const port = await world.listen()
  const { appId, appSecret } = world.app
  const credentials = { appid: appId, appsecret: appSecret }
  const json = JSON.stringify({ ...credentials, a: word })
  const echo = requestText('POST', '/v1/echo', { body: json, type: jsonType })
  let socket = await openSocket(port)
  t.teardown(() => socket.destroy())
  const renew = async () => {
    await socket.closed()
    socket = await openSocket(port)
  }
  const isAlive = async (what: string) => {
    socket.write(echo)
    const reply = await socket.read()
    if (reply?.status !== 200 || !reply.body.includes(word)) t.fail(`${what}: the next request fails`)
  }
  /** Each row is refused in our words, and the next request works. */
  const areRefused = async (rows: Row[]) => {
    for (const [what, text, status, name, { ends = false, allow = '' } = {}] of rows) {
      socket.write(text)
      const reply = await socket.read()
      if (!reply) t.fail(`${what}: no reply`)
      else checkRefusal(t, reply, name, { status, message: what })
      if (allow) t.equal(reply?.headers.allow, allow)
      if (ends) await renew()
      await isAlive(what)
    }
  }
  await isAlive('at first')
  return {
    world,
    port,
    credentials,
    json,
    echo,
    write: (text: string) => socket.write(text),
    read: (options: Parameters<typeof socket.read>[0] = {}) => socket.read(options),
    closed: () => socket.closed(),
    renew,
    isAlive,
    areRefused,
    /** The JSON, followed by spaces up to this length. */
    exactly: (bytes: number) => json + ' '.repeat(bytes - json.length),
  }
}

const post = (type: string, body = word) => requestText('POST', '/v1/echo', { type, body })
const chunked = (body: string, type = jsonType) =>
  requestText('POST', '/v1/echo', { headers: [`Content-Type: ${type}`, 'Transfer-Encoding: chunked'] }) +
  `${Buffer.byteLength(body).toString(16)}\r\n${body}\r\n0\r\n\r\n`

t.test('a wrong method or path is refused, and the next request works', async (t) => {
  const { areRefused, json } = await openLine(t)
  const withBody = (method: string) => requestText(method, '/v1/echo', { body: json, type: jsonType })
  await areRefused([
    ['PUT', withBody('PUT'), 405, 'METHOD_NOT_SUPPORTED', { allow: 'GET, HEAD, POST' }],
    ['PATCH', withBody('PATCH'), 405, 'METHOD_NOT_SUPPORTED', { allow: 'GET, HEAD, POST' }],
    ['DELETE', requestText('DELETE', '/v1/echo'), 405, 'METHOD_NOT_SUPPORTED', { allow: 'GET, HEAD, POST' }],
    ['DELETE with a body', withBody('DELETE'), 405, 'METHOD_NOT_SUPPORTED'],
    ['TRACE', requestText('TRACE', '/v1/echo', { headers: [`X-A: ${word}`] }), 405, 'METHOD_NOT_SUPPORTED'],
    ['PROPFIND', requestText('PROPFIND', '/v1/echo'), 405, 'METHOD_NOT_SUPPORTED'],
    ['REPORT with a body', withBody('REPORT'), 405, 'METHOD_NOT_SUPPORTED'],
    ['OPTIONS without an origin', requestText('OPTIONS', '/v1/echo'), 405, 'METHOD_NOT_SUPPORTED'],
    ['OPTIONS *', requestText('OPTIONS', '*'), 405, 'METHOD_NOT_SUPPORTED'],
    [
      'POST of a health route',
      requestText('POST', '/healthz'),
      405,
      'METHOD_NOT_SUPPORTED',
      { allow: 'GET, HEAD' },
    ],
    ['PUT of an old name', requestText('PUT', '/NyarukoLogin/nyatotp.php'), 405, 'METHOD_NOT_SUPPORTED'],
    ['DELETE of nothing', requestText('DELETE', `/${word}`), 404, 'OPERATION_UNKNOWN'],
    ['a path that is not there', requestText('GET', `/${word}?${word}=1`), 404, 'OPERATION_UNKNOWN'],
    ['POST of the front page', requestText('POST', '/'), 405, 'METHOD_NOT_SUPPORTED', { allow: 'GET, HEAD' }],
    [
      'an escape in the path',
      requestText('POST', '/v1/%65cho', { type: jsonType, body: json }),
      404,
      'OPERATION_UNKNOWN',
    ],
    [
      'a fragment in the path',
      requestText('POST', '/v1/echo#x', { type: jsonType, body: json }),
      404,
      'OPERATION_UNKNOWN',
    ],
    ['QUERY', requestText('QUERY', '/v1/echo'), 405, 'METHOD_NOT_SUPPORTED', { allow: 'GET, HEAD, POST' }],
    ['a slash too many', requestText('GET', '/v1/echo/'), 404, 'OPERATION_UNKNOWN'],
    ['other capitals', requestText('GET', '/V1/Echo'), 404, 'OPERATION_UNKNOWN'],
    ['dots in the path', requestText('GET', '/v1/../../etc/passwd'), 404, 'OPERATION_UNKNOWN'],
    ['a path like a pattern', requestText('GET', `/v1/:${word}(`), 404, 'OPERATION_UNKNOWN'],
    ['a path like a wild card', requestText('GET', '/v1/*'), 404, 'OPERATION_UNKNOWN'],
    ['__proto__ as a path', requestText('GET', '/__proto__'), 404, 'OPERATION_UNKNOWN'],
    [
      'a body for a path that is not there',
      requestText('POST', `/${word}`, { body: word, type: 'text/x' }),
      404,
      'OPERATION_UNKNOWN',
    ],
    ['a URL that cannot be decoded', requestText('GET', `/v1/${word}%ff`), 404, 'OPERATION_UNKNOWN'],
    [
      'a cut escape in the path',
      requestText('POST', `/v1/${word}%f`, { body: json, type: jsonType }),
      404,
      'OPERATION_UNKNOWN',
    ],
    ['a cut escape in the query', requestText('GET', `/v1/echo?j=${word}%f&t=%ff`), 403, 'ENVELOPE_REFUSED'],
  ])
})

t.test('a wrong body is refused, and the next request works', async (t) => {
  const { areRefused, credentials, json, exactly } = await openLine(t)
  const big = JSON.stringify({
    ...credentials,
    ...Object.fromEntries([...'abcdef'].map((m) => [m, 'x'.repeat(12_000)])),
  })
  const multipart = `--x\r\nContent-Disposition: form-data; name="j"\r\n\r\n${word}\r\n--x--\r\n`
  await areRefused([
    ['JSON by GET', requestText('GET', '/v1/echo', { type: jsonType, body: json }), 403, 'ENVELOPE_REFUSED'],
    [
      'two Content-Type lines',
      requestText('POST', '/v1/echo', { type: jsonType, body: json, headers: ['Content-Type: text/plain'] }),
      400,
      'PARAMETER_INVALID',
    ],
    ['JSON in UTF-16', post(`${jsonType}; charset=utf-16`, json), 415, 'PARAMETER_INVALID'],
    ['text', post('text/plain'), 415, 'PARAMETER_INVALID'],
    ['multipart', post('multipart/form-data; boundary=x', multipart), 415, 'PARAMETER_INVALID'],
    ['XML', post('application/xml', `<${word}/>`), 415, 'PARAMETER_INVALID'],
    ['JSON under another name', post('application/problem+json', json), 415, 'PARAMETER_INVALID'],
    ['no type', requestText('POST', '/v1/echo', { body: word }), 415, 'PARAMETER_INVALID'],
    ['a type that is none', post(word), 415, 'PARAMETER_INVALID'],
    ['a chunked body of another type', chunked(word, 'text/plain'), 415, 'PARAMETER_INVALID'],
    [
      'multipart for provisioning',
      requestText('POST', '/v1/totp', { body: multipart, type: 'multipart/form-data; boundary=x' }),
      415,
      'PARAMETER_INVALID',
    ],
    [
      'an empty POST',
      requestText('POST', '/v1/echo', { headers: ['Content-Length: 0'] }),
      403,
      'ENVELOPE_REFUSED',
    ],
    [
      'an empty form',
      requestText('POST', '/v1/echo', { type: formType, headers: ['Content-Length: 0'] }),
      403,
      'ENVELOPE_REFUSED',
    ],
    [
      'an empty JSON body',
      requestText('POST', '/v1/echo', { type: jsonType, headers: ['Content-Length: 0'] }),
      403,
      'ENVELOPE_REFUSED',
    ],
    [
      'a chunked empty body',
      requestText('POST', '/v1/echo', { type: jsonType, headers: ['Transfer-Encoding: chunked'] }) +
        '0\r\n\r\n',
      403,
      'ENVELOPE_REFUSED',
    ],
    ['JSON that is none', post(jsonType), 403, 'ENVELOPE_REFUSED'],
    ['JSON in chunks that is none', chunked(`{"${word}":`), 403, 'ENVELOPE_REFUSED'],
    ['a form that is not UTF-8', post(formType, `j=${word}\xff`), 403, 'ENVELOPE_REFUSED'],
    ['an empty provisioning', requestText('GET', '/v1/totp'), 400, 'PARAMETER_MISSING'],
    ['a JSON body over the limit', post(jsonType, exactly(65_537)), 413, 'TOO_LONG'],
    ['a JSON body far over the limit', post(jsonType, big), 413, 'TOO_LONG'],
    ['a JSON body in chunks over the limit', chunked(big), 413, 'TOO_LONG'],
    ['a form over the limit', post(formType, `j=${'A'.repeat(70_000)}`), 403, 'ENVELOPE_REFUSED'],
    [
      'a form for provisioning over the limit',
      requestText('POST', '/v1/totp', { type: formType, body: `n=${'A'.repeat(70_000)}` }),
      413,
      'TOO_LONG',
    ],
  ])
})

t.test('what breaks HTTP is refused, and the next request works', async (t) => {
  const { areRefused, echo } = await openLine(t)
  await areRefused([
    [
      'an announced gigabyte',
      requestText('POST', '/v1/echo', { type: jsonType, headers: ['Content-Length: 1000000000'] }),
      413,
      'TOO_LONG',
      { ends: true },
    ],
    ['a verb that is none', requestText('FOO', `/${word}`), 405, 'METHOD_NOT_SUPPORTED', { ends: true }],
    ['CONNECT', requestText('CONNECT', `${word}.example:443`), 405, 'METHOD_NOT_SUPPORTED', { ends: true }],
    ['no HTTP at all', `${word}\r\n\r\n`, 405, 'METHOD_NOT_SUPPORTED', { ends: true }],
    ['the greeting of TLS', '\x16\x03\x01\x02\x00\x01\x00\x01', 405, 'METHOD_NOT_SUPPORTED', { ends: true }],
    ['the preface of HTTP/2', 'PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n', 400, 'PARAMETER_INVALID', { ends: true }],
    [
      'headers over the limit',
      requestText('GET', '/v1/echo', { headers: [`X-A: ${word.repeat(4_000)}`] }),
      431,
      'TOO_LONG',
      { ends: true },
    ],
    [
      'a URL over the limit',
      requestText('GET', `/v1/echo?j=${word.repeat(4_000)}`),
      431,
      'TOO_LONG',
      { ends: true },
    ],
    [
      'a header that is none',
      requestText('GET', '/v1/echo', { headers: [`${word} ${word}`] }),
      400,
      'PARAMETER_INVALID',
      { ends: true },
    ],
    [
      'a line break in a header',
      requestText('GET', '/v1/echo', { headers: [`X-A: ${word}\rX-B: 1`] }),
      400,
      'PARAMETER_INVALID',
      { ends: true },
    ],
    [
      'two lengths',
      requestText('POST', '/v1/echo', { headers: ['Content-Length: 1', 'Content-Length: 2'] }),
      400,
      'PARAMETER_INVALID',
      { ends: true },
    ],
    [
      'a length and chunks',
      requestText('POST', '/v1/echo', { headers: ['Content-Length: 5', 'Transfer-Encoding: chunked'] }),
      400,
      'PARAMETER_INVALID',
      { ends: true },
    ],
    [
      'a length that is none',
      requestText('POST', '/v1/echo', { headers: [`Content-Length: ${word}`] }),
      400,
      'PARAMETER_INVALID',
      { ends: true },
    ],
    [
      'a chunk that is none',
      `${requestText('POST', '/v1/echo', { type: jsonType, headers: ['Transfer-Encoding: chunked'] })}${word}\r\n`,
      400,
      'PARAMETER_INVALID',
      { ends: true },
    ],
    [
      'another transfer coding',
      requestText('POST', '/v1/echo', { type: jsonType, headers: [`Transfer-Encoding: ${word}`] }),
      400,
      'PARAMETER_INVALID',
      { ends: true },
    ],
    [
      'a version of HTTP that is none',
      echo.replace('HTTP/1.1', 'HTTP/9.9'),
      400,
      'PARAMETER_INVALID',
      { ends: true },
    ],
    ['no Host', echo.replace('Host: localhost\r\n', ''), 400, 'PARAMETER_INVALID'],
    [
      'two Host lines',
      requestText('GET', '/v1/echo', { headers: ['Host: a.example'] }),
      400,
      'PARAMETER_INVALID',
    ],
  ])
})

t.test('no spelling of a URL passes the refusals', async (t) => {
  const { write, read, renew, isAlive } = await openLine(t)
  const parts = [
    '/',
    '/v1',
    '/echo',
    '%',
    '%25',
    '%ff',
    '%2f',
    '%c3',
    ':',
    '*',
    '(',
    ')',
    '?',
    '#',
    ';',
    '..',
    '//',
    '\\',
    '[',
    '{',
    'é',
    '~',
  ]
  let at = 7
  const next = (count: number) => {
    at = (at * 48_271) % 2_147_483_647
    return at % count
  }
  let odd = 0
  for (let round = 0; round < 400; round++) {
    const url = `${next(5) > 0 ? '/' : ''}${Array.from({ length: 1 + next(6) }, () => parts[next(parts.length)]).join('')}`
    write(requestText(['GET', 'PUT', 'OPTIONS'][next(3)] ?? '', url))
    const reply = await read()
    const isFrontPage = reply?.status === 200 && reply.body.startsWith('<!doctype html>')
    const code = isFrontPage ? codes.OPERATION_UNKNOWN : JSON.parse(reply?.body || '{}').code
    if (
      ![
        codes.METHOD_NOT_SUPPORTED,
        codes.OPERATION_UNKNOWN,
        codes.ENVELOPE_REFUSED,
        codes.PARAMETER_INVALID,
      ].includes(code)
    ) {
      odd++
      t.comment(`${url}: ${reply?.body}`)
    }
    if (reply?.headers.connection === 'close' || code === codes.PARAMETER_INVALID) {
      await renew()
    }
  }
  t.equal(odd, 0)
  await isAlive('odd URLs')
})

t.test('a HEAD gets the headers of the GET alone', async (t) => {
  const { json, write, read, isAlive } = await openLine(t)
  for (const url of [
    '/healthz',
    '/readyz',
    '/',
    '/v1/echo',
    `/v1/echo?${formOf({ j: base64urlOf(json) })}`,
  ]) {
    write(requestText('GET', url))
    const { status, headers, body } = (await read()) ?? {
      headers: {} as Record<string, string>,
      body: '',
    }
    write(requestText('HEAD', url))
    const reply = await read({ hasBody: false })
    const length = String(Buffer.byteLength(body))
    t.match(
      reply,
      { status, headers: { 'content-type': headers['content-type'], 'content-length': length } },
      url,
    )
    await isAlive(`HEAD ${url}`)
  }
})

t.test('unusual requests that are valid are served', async (t) => {
  const { json, echo, write, read, exactly } = await openLine(t)
  const rows: [what: string, text: string][] = [
    [
      'a GET with the type of a body that it has not',
      requestText('GET', `/v1/echo?${formOf({ j: base64urlOf(json) })}`, { type: jsonType }),
    ],
    [
      'a form type and no body',
      requestText('POST', `/v1/echo?${formOf({ j: base64urlOf(json) })}`, {
        type: formType,
        headers: ['Content-Length: 0'],
      }),
    ],
    ['a charset', post(`${jsonType}; charset=utf-8`, json)],
    ['a type in capitals', post('Application/JSON', json)],
    ['chunks', chunked(json)],
    ['a body of 65,536 bytes', post(jsonType, exactly(65_536))],
    ['the whole URL', requestText('POST', 'http://localhost/v1/echo', { type: jsonType, body: json })],
    [
      'an expectation',
      requestText('POST', '/v1/echo', { type: jsonType, body: json, headers: [`Expect: ${word}`] }),
    ],
    [
      'an upgrade that is not offered',
      requestText('POST', '/v1/echo', {
        type: jsonType,
        body: json,
        headers: ['Connection: upgrade', 'Upgrade: websocket'],
      }),
    ],
    ['an empty line before it', `\r\n${echo}`],
  ]
  for (const [what, text] of rows) {
    write(text)
    const reply = await read()
    t.equal(reply?.status, 200, what)
  }
  write(
    requestText('POST', '/v1/echo', {
      type: jsonType,
      headers: [`Content-Length: ${json.length}`, 'Expect: 100-continue'],
    }),
  )
  t.equal((await read())?.status, 100)
  write(json)
  t.equal((await read())?.status, 200, 'a body that waits for its permission')
})

t.test('requests in one piece are answered in their order', async (t) => {
  const { world, credentials, write, read, closed } = await openLine(t)
  const numbered = (n: number) =>
    requestText('POST', '/v1/echo', { type: jsonType, body: JSON.stringify({ ...credentials, n }) })
  write(numbered(1) + numbered(2) + requestText('GET', '/nothing') + numbered(3))
  const replies = [await read(), await read(), await read(), await read()]
  t.same(
    replies.map((reply) => JSON.parse(reply?.body ?? '{}').n ?? reply?.status),
    [1, 2, 404, 3],
  )
  const salt = JSON.parse((await world.callJson('/v1/prelogin', { login: 'slow-one' })).body).salt
  t.ok(salt)
  const slow = JSON.stringify({
    ...credentials,
    regmode: 'anonymous',
    user: { userName: 'slow-one' },
    password: 'quite right',
  })
  write(`${requestText('POST', '/v1/register', { type: jsonType, body: slow })}${word} garbage\r\n\r\n`)
  const first = await read()
  t.equal(JSON.parse(first?.body ?? '{}').code, codes.REGISTERED, 'the good one gets its own reply')
  const second = await read()
  if (second) checkRefusal(t, second, 'METHOD_NOT_SUPPORTED', { status: 405 })
  t.equal(await closed(), '')
})

t.test('HTTP/1.0 is answered and closed', async (t) => {
  const { port, echo } = await openLine(t)
  const old = await openSocket(port)
  old.write(echo.replace('HTTP/1.1', 'HTTP/1.0'))
  // A trial takes HTTP/1.0 for a proxy that hides its callers.
  t.match(await old.read(), { status: 403, headers: { connection: 'close' } })
  await old.closed()
  const noHost = await openSocket(port)
  noHost.write(echo.replace('HTTP/1.1', 'HTTP/1.0').replace('Host: localhost\r\n', ''))
  const reply = await noHost.read()
  if (reply) checkRefusal(t, reply, 'ENCRYPTION_REQUIRED')
  await noHost.closed()
})
