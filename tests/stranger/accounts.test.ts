/** What users do with their accounts, written from protocol.md alone: they prove who they are, and look at devices. */
import t from 'tap'
import { createAdmin } from '../../src/admin.ts'
import { readCode } from '../harness/messages.ts'
import { until } from '../harness/test-server.ts'
import { items, type Json, text } from './client.ts'
import { drawVerifier, hashes, prelogin } from './passwords.ts'
import { jsonOps } from './user-ops.ts'
import { logIn, openWorld, password, ticketOf } from './world.ts'

/** One server for all tests here; each has users of its own, and the raise of the cost comes last. */
const world = await openWorld(t)

t.test('a user proves again who is asking: by a password, and by a code', async (t) => {
  const { json, clock, send } = world
  const { skey, userId } = await logIn(json, 'beryl')
  const code = async (flow: string, address: string) =>
    json.call('/v1/verify', { token: skey, flow, code: await readCode(send, address) })
  const mail = 'beryl@example.com'
  const change = await json.call('/v1/address/change', {
    token: skey,
    kind: 'email',
    address: mail,
    password,
  })
  t.match((await code(text(change.body, 'flow'), mail)).body, { code: 1000000, result: 'ok' })
  t.match((await json.call('/v1/address/list', { token: skey })).body, {
    addresses: [{ kind: 'email', address: mail }],
  })

  clock.add(400_000)
  const revoke = (token: string) => json.call('/v1/device/revoke', { token, revoke: 'others' })
  t.match((await revoke(skey)).body, { code: 2100401, maxAuthAge: 300, how: ['password', 'code'] })
  const byFrame = await jsonOps(json)({ operation: 5, params: { email: 'new@example.com' }, token: skey })
  t.match(byFrame, { code: 2100401, error: { number: 16, name: 'ErrTNotPermission' } })
  const logins = items((await json.call('/v1/password/logins', { token: skey })).body, 'logins')
  t.match(logins.map(({ kind }) => kind).sort(), ['email', 'name', 'number'])
  const asked = await prelogin(json, 'beryl')
  t.equal(logins.find(({ kind }) => kind === 'name')?.salt, asked.salt)
  const { clientHash } = await hashes(password, asked)
  const again = await json.call('/v1/reauth', { token: skey, how: 'password', clientHash, salt: asked.salt })
  t.match(again.body, { code: 1000000, authenticatedAt: Number, tickets: { skey: /^sk_/ } })
  t.match((await revoke(ticketOf(again, 'skey'))).body, { code: 1000000, ended: 0 })
  t.match((await revoke(skey)).body, { code: 2100401 }, 'an older SKey keeps its time')
  const wrong = await json.call('/v1/reauth', { token: skey, how: 'password', password: 'wrong' })
  t.match(wrong.body, { code: 2040204 })

  clock.add(400_000)
  const sent = await json.call('/v1/code/send', { token: skey, purpose: 'confirm', address: mail })
  t.match(sent.body, { code: 1000000, flow: /^confirm-/, kind: 'email' })
  const given = { flow: text(sent.body, 'flow'), code: await readCode(send, mail) }
  const byCode = await json.call('/v1/reauth', { token: skey, how: 'code', ...given })
  t.match(byCode.body, { code: 1000000, tickets: { skey: /^sk_/ } })

  const other = await json.call('/v1/login', {
    login: userId,
    password,
    device: { type: 'phone', device: 'Old' },
  })
  const list = async () => items((await json.call('/v1/device/list', { token: skey })).body, 'devices')
  const [newest, first] = await list()
  t.match(newest, { type: 'phone', device: 'Old', isThis: false, network: /\//, expiresAt: Number })
  t.match(first, { isThis: true })
  const renamed = await json.call('/v1/device/rename', { token: skey, rename: newest?.id, name: 'Kitchen' })
  t.match(renamed.body, { code: 1000000, device: 'Kitchen' })
  const gone = { token: ticketOf(byCode, 'skey'), revoke: newest?.id }
  t.match((await json.call('/v1/device/revoke', gone)).body, { code: 1000000, ended: 1 })
  t.match((await json.call('/v1/device/revoke', gone)).body, { code: 2100431 })
  t.match((await json.call('/v1/session', { token: ticketOf(other, 'skey') })).body, {
    code: 1030201,
    reason: 'logged-out',
  })
})

t.test('the operations of a login by a provider, where none is set up', async (t) => {
  const { json } = world
  const { skey } = await logIn(json, 'opal')
  const { verifier, challenge } = drawVerifier()
  const call = async (path: string, members: Json) => (await json.call(`/v1/oauth/${path}`, members)).body
  t.match(await call('providers', {}), { code: 1000000, providers: [] })
  t.match(await call('list', { token: skey }), { code: 1000000, identities: [] })
  t.match(await call('start', { provider: 'office', challenge }), { code: 2120100 })
  t.match(await call('finish', { finish: { verifier, code: 'never' } }), { code: 2120102 })
  t.match(await call('link', { token: skey, link: { verifier, code: 'never' } }), { code: 2120102 })
  t.match(await call('unlink', { token: skey, unlink: 'office' }), { code: 2000102 })
})

t.test('the costs that prelogin names: next before a raise, previous after it', async (t) => {
  const { json, server, config, clock } = world
  const hashed = async (login: string) => hashes(password, await prelogin(json, login))
  const first = await prelogin(json, 'jade')
  t.match(first, { cost: 4, next: 5, previous: 0 })
  for (const userName of ['jade', 'asleep']) {
    const asked = await prelogin(json, userName)
    const sent = await hashes(password, userName === 'jade' ? asked : { ...asked, next: 0 })
    const members = { regmode: 'anonymous', user: { userName }, salt: asked.salt, ...sent }
    t.match((await json.call('/v1/register', members)).body, { code: 1020000 }, userName)
  }
  const admin = createAdmin({ db: server.db, config, clock })
  await admin.accounts.raise.finish({ wait: async () => {}, tell: () => {} })
  clock.add(1_000)
  await until('prelogin names the new cost', async () => (await prelogin(json, 'jade')).cost === 5)
  t.match(await prelogin(json, 'asleep'), { cost: 5, next: 0, previous: 4 }, 'the same for every login')
  for (const login of ['jade', 'asleep'])
    t.match(
      (await json.call('/v1/login', { login, ...(await hashed(login)) })).body,
      { code: 1020100 },
      login,
    )
  const { clientHash } = await hashed('asleep')
  t.match(
    (await json.call('/v1/login', { login: 'asleep', clientHash })).body,
    { code: 1020100 },
    'has moved',
  )
})
