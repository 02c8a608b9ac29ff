/** Frames of user operations keep every rule of the operation that they stand for. */
import t from 'tap'
import type { JsonObject } from '../../src/protocol/json.ts'
import { readUserOp } from '../../src/protocol/user-op.ts'
import { codes } from '../harness/codes.ts'
import { createSealedClient, exchangeSealedKeys, helloFrame, proofOf } from '../harness/key-client.ts'
import { readCode } from '../harness/messages.ts'
import { writeFrame } from './frame-ways.ts'
import { openUserWorld } from './key-world.ts'
import {
  type Answer,
  clientHashOf,
  formOf,
  type Members,
  openWays,
  openWorld,
  sealBytes,
  type Tickets,
  writeLists,
} from './world.ts'

const path = '/v1/user-op'
const password = 'correct horse'

const opFrame = (userOp: unknown, more: Members = {}): Members => ({
  version: 1,
  tm: '1800000000000',
  keyPrint: '0',
  msgType: 'userOp',
  userOp,
  ...more,
})
const registers = (userName: string, pwd: unknown = password) =>
  opFrame({ operation: 1, user: { userName, params: { pwd } } })
const resultOf = (answer: Answer) =>
  (answer.userOpRet ?? {}) as { status: string; params: Record<string, string>; users: Members[] }

t.test('a password in a frame comes in the clear no more than elsewhere', async (t) => {
  const host = { host: 'torii.example' }
  for (const TORII__SECURITY__PROFILE of ['compat', 'strict']) {
    const world = await openWorld(t, { TORII__SECURITY__PROFILE })
    const { appId, appSecret } = world.app
    const json = { appid: appId, appsecret: appSecret, ...registers('amber') }
    const { body } = await world.request({ url: path, json, headers: host, from: '192.0.2.7' })
    t.match(JSON.parse(body), { code: codes.ENCRYPTION_REQUIRED, msgType: 'error' }, TORII__SECURITY__PROFILE)
  }
  const world = await openWorld(t, { TORII__TRANSPORT__ALWAYS_ENCRYPT: 'true' })
  t.match((await world.callJson(path, registers('amber'))).json, { code: codes.ENCRYPTION_REQUIRED })
})

t.test('what is malformed', async (t) => {
  const world = await openWorld(t)
  const { JSON: call } = await openWays(world)
  const named = { userName: 'amber', params: { pwd: password } }
  const rows: [what: string, members: Members, code: number, info?: string][] = [
    ['no operation', opFrame({ user: named }), codes.NOT_IN_LIST, 'operation'],
    ['an operation of friends', opFrame({ operation: 9, user: named }), codes.NOT_IN_LIST],
    ['an operation in an array', opFrame({ operation: [1], user: named }), codes.NOT_IN_LIST],
    ['a name of every object', opFrame({ operation: 'toString', user: named }), codes.NOT_IN_LIST],
    ['no message', opFrame(undefined), codes.KX_CONTENT, 'userOp'],
    ['a message that is an array', opFrame([]), codes.KX_CONTENT, 'userOp'],
    ['user is an array', opFrame({ operation: 1, user: [] }), codes.KX_CONTENT, 'user'],
    ['params is a text', opFrame({ operation: 1, user: named, params: 'x' }), codes.KX_CONTENT, 'params'],
    ['another version', opFrame({ operation: 1 }, { version: 2 }), codes.KX_VERSION],
    ['another type', opFrame({ operation: 1 }, { msgType: 'hello' }), codes.KX_CONTENT, 'msgType'],
    ['a password that is a number', registers('amber', 7), codes.PARAMETER_INVALID, 'password'],
    ['no password', opFrame({ operation: 1, user: { userName: 'amber' } }), codes.PARAMETER_MISSING],
    [
      'an unknown regmode',
      opFrame({ operation: 1, user: named, params: { regmode: 'pigeon' } }),
      codes.REGISTER_MODE,
    ],
    [
      'a regmode that is no text',
      opFrame({ operation: 1, user: named, params: { regmode: 1 } }),
      codes.PARAMETER_INVALID,
    ],
    ['a login without a name', opFrame({ operation: 7, user: {} }), codes.PARAMETER_MISSING],
    [
      'a mail login without mail',
      opFrame({ operation: 7, user: {}, params: { loginmode: 'email' } }),
      codes.PARAMETER_MISSING,
      'user.email',
    ],
    [
      'a code without its flow',
      opFrame({ operation: 6, params: { code: '123456' } }),
      codes.PARAMETER_MISSING,
    ],
    [
      'a flow without its code',
      opFrame({ operation: 6, params: { flow: 'login-00' } }),
      codes.PARAMETER_MISSING,
      'params.code',
    ],
    [
      'a flow in an array',
      opFrame({ operation: 6, params: { flow: ['login-00'], code: '1' } }),
      codes.PARAMETER_INVALID,
    ],
    [
      'an unknown flow',
      opFrame({ operation: 6, params: { flow: `login-${'0'.repeat(32)}`, code: '123456' } }),
      codes.CODE_EXPIRED,
    ],
    ['a profile without a login', opFrame({ operation: 5, params: { nickname: 'x' } }), codes.NOT_LOGGED_IN],
    ['a way of adding friends', opFrame({ operation: 5, params: { friendaddmode: 'x' } }), codes.NOT_IN_LIST],
    [
      'a profile and an address at once',
      opFrame({ operation: 5, params: { nickname: 'x', email: 'a@example.com' } }),
      codes.PARAMETER_INVALID,
    ],
    [
      'two addresses at once',
      opFrame({ operation: 5, params: { email: 'a@example.com', phone: '+8613800138000' } }),
      codes.PARAMETER_INVALID,
    ],
    ['half a proof', opFrame({ operation: 7, user: named, params: { keyPrint: '7' } }), codes.KX_KEY_PRINT],
  ]
  for (const [what, members, code, info] of rows) {
    const answer = await call(path, members)
    t.match(answer, { code, msgType: 'error', err: { name: /^\w+$/ }, ...(info && { info }) }, what)
    t.notMatch(JSON.stringify(answer), password, 'and is not echoed')
  }
})

t.test('limits, word lists and captchas are those of the operation', async (t) => {
  const limited = await openWorld(t, {
    TORII__LIMITS__REGISTER: '[60, 2]',
    TORII__WORDS__FOLDER: await writeLists({ deny: ['badword'] }),
  })
  const { JSON: call } = await openWays(limited)
  t.match(await call(path, registers('badword')), { code: codes.WORD_FORBIDDEN, info: 'user.userName' })
  t.match(await call(path, registers('amber')), { code: codes.REGISTERED })
  t.match(await call(path, registers('onyx')), { code: codes.TOO_OFTEN, msgType: 'error' })
  const plain = { regmode: 'anonymous', user: { userName: 'jade' }, password }
  t.match(await call('/v1/register', plain), { code: codes.TOO_OFTEN }, 'one limit for both')

  const demand = [{ purpose: 'code', by: 'network', count: 0, seconds: 3_600, kind: 'picture' }]
  const guarded = await openWorld(t, { TORII__CAPTCHA__DEMAND: JSON.stringify(demand) })
  const { JSON: callGuarded } = await openWays(guarded)
  const user = { email: 'amber@example.com' }
  const ask = (params: Members) => callGuarded(path, opFrame({ operation: 7, user, params }))
  const refused = await ask({ loginmode: 'email' })
  t.match(refused, { code: codes.CAPTCHA_MISSING, captcha: { captchaId: /./ } })
  const { captchaId } = refused.captcha as { captchaId: string }
  const answered = await ask({ loginmode: 'email', captchaId, captchaAnswer: '?' })
  t.match(answered, { code: codes.CAPTCHA_WRONG }, 'its answer is in the params')
})

t.test('a copy of a frame gets the first reply, and another frame of the device does not', async (t) => {
  const world = await openWorld(t)
  const device = await world.provision()
  const send = async (bytes: Buffer | string) => {
    const j = sealBytes(device, bytes, world.clock.now())
    return world.request({ url: path, post: formOf({ t: device.t, j }) })
  }
  const count = async () =>
    (await world.server.db.write.selectFrom('accounts').select('userId').execute()).length
  const one = writeFrame(registers('amber'))
  const two = writeFrame(registers('onyx'))
  const first = await send(one)
  t.equal((await send(one)).body, first.body, 'protobuf: the same reply')
  t.equal(await count(), 1)
  t.not((await send(two)).body, first.body)
  t.equal(await count(), 2, 'a second frame of protobuf runs')
  const text = JSON.stringify(registers('jade'))
  t.equal((await send(text)).body, (await send(text)).body, 'JSON: the same reply')
  t.equal(await count(), 3)
})

t.test('a sealed call and a proof bind the login to their key', async (t) => {
  const world = await openUserWorld(t)
  const { call, request, clock } = world
  const { keys } = await exchangeSealedKeys(call, world.app.appId)
  const sealed = createSealedClient(keys, (url, form) => request({ url, post: formOf(form) }), clock.now)
  const email = 'amber@example.com'
  const waiting = await sealed.call(
    path,
    opFrame({
      operation: 'RegisterUser',
      user: { email, params: { pwd: password } },
      params: { regmode: 'Email' },
    }),
  )
  t.match(waiting, { code: codes.REGISTERED_MAIL_SENT, userOpRet: { operation: 'RegisterUser' } })
  const { flow } = resultOf(waiting).params
  const code = await readCode(world.send, email)
  const made = await sealed.call(path, opFrame({ operation: 6, params: { flow, code } }))
  t.match(made, { code: codes.REGISTERED, sealed: true, userOpRet: { operation: 1, status: 'loginok' } })
  const bare = { stage: 'clienthello', keyPrint: keys.fingerprint, params: {} }
  const hello = { version: 1, tm: String(clock.now()), keyPrint: '0', msgType: 'hello', hello: bare }
  t.match(await sealed.call('/v1/hello', hello), { hello: { stage: 'waitdata' } })

  const key = await world.exchange()
  const { checkTokenData, keyPrint, tm } = proofOf(key, String(clock.now()))
  const { salt, cost } = (await call('/v1/prelogin', { login: 'willow' })) as unknown as {
    salt: string
    cost: number
  }
  const clientHash = await clientHashOf('pass word', { salt, cost })
  const user = { userName: 'willow', params: { clientHash } }
  const login = { operation: 7, user, params: { keyPrint, checkTokenData } }
  const wrapped = { version: 1, tm, msgType: 'MSG_USER_OP', plainMsg: { userOp: login } }
  const back = await call(path, wrapped)
  t.match(back, {
    code: codes.LOGGED_IN,
    msgType: 'MSG_USER_OP_RET',
    plainMsg: { userOpRet: { operation: 7 } },
  })
  t.match(back.tickets as Tickets, { skey: /^sk_/ })
  clock.add(1)
  t.match(await call('/v1/hello', helloFrame(key, String(clock.now()))), { hello: { stage: 'waitdata' } })
  const again = await call(path, wrapped)
  t.match(again, { code: codes.KX_CHECK_DATA, err: { number: 13 } }, 'a proof counts once')
})

t.test('another code, and an address that has an account', async (t) => {
  const world = await openWorld(t, { TORII__CODES__RESEND_SECONDS: '1' })
  const { JSON: call } = await openWays(world)
  const email = 'amber@example.com'
  const registerFrame = (pwd = password) =>
    opFrame({ operation: 1, user: { email, params: { pwd } }, params: { regmode: 'email' } })
  const waiting = await call(path, registerFrame())
  const { flow } = resultOf(waiting).params
  const first = await readCode(world.send, email)
  const soon = await call(path, opFrame({ operation: 6, params: { flow, resend: 'yes' } }))
  t.match(soon, { code: codes.CODE_TOO_SOON, msgType: 'error' })
  world.clock.add(2_000)
  const resent = await call(path, opFrame({ operation: 6, params: { flow, resend: 'yes' } }))
  t.match(resent, { code: codes.OK, userOpRet: { operation: 1, status: 'waitcode', params: { flow } } })
  const second = await readCode(world.send, email)
  t.match(await call(path, opFrame({ operation: 6, params: { flow, code: second } })), {
    code: codes.REGISTERED,
  })
  t.not(first, second)

  world.clock.add(2_000)
  const taken = await call(path, registerFrame())
  const [{ flow: _one, ...was }, { flow: _two, ...is }] = [resultOf(waiting).params, resultOf(taken).params]
  t.same(is, was, 'the same reply')
  t.equal(taken.code, waiting.code)
  t.equal(await readCode(world.send, email), '', 'and its owner gets no code')
})

t.test('a login without an SKey asks for a login', (t) => {
  const call = readUserOp(registers('amber') as JsonObject)
  const users = [{ userId: '1' }]
  const statusOf = (tickets: { a2?: string; skey?: string }) =>
    (call.compose({ status: 'loginok', users, tickets }, 0).userOpRet as Members).status
  t.equal(statusOf({ a2: 'a2_', skey: 'sk_' }), 'loginok')
  t.equal(statusOf({ a2: 'a2_' }), 'needlogin')
  t.end()
})
