/** A new password by a code that was sent to an address of the account. */
import t, { type Test } from 'tap'
import { codes } from '../harness/codes.ts'
import { readMessages } from '../harness/messages.ts'
import {
  type Call,
  clientHashOf,
  type Members,
  openWays,
  openWorld,
  register,
  type Tickets,
} from './world.ts'

t.setTimeout(60_000)

const [oldWord, newWord] = ['quite right', 'much better now']

type Sent = { code: number; flow: string }
type Granted = { code: number; grant: string; cost: number; logins: { salt: string }[] }

/** An account with a verified address, and what a user reads in its mails. */
const openReset = async (t: Test, more: Record<string, string> = {}) => {
  const world = await openWorld(t, { TORII__SERVER__PUBLIC_URL: 'https://login.example', ...more })
  const { JSON: call } = await openWays(world)
  const { write } = world.server.db
  const own = async (userName: string, text: string) => {
    const reply = await register(call, userName, oldWord)
    const userId = Number((reply.user as { userId: string }).userId)
    const loginKey = Buffer.from(`email:${text}`)
    const now = { createdAt: world.clock.now() }
    const row = { userId, kind: 'email' as const, loginKey, text, verifiedAt: now.createdAt, ...now }
    await write.insertInto('addresses').values(row).execute()
    const none = { verifier: 'none', nextVerifier: null, saltFrom: null, updatedAt: now.createdAt }
    await write
      .insertInto('verifiers')
      .values({ loginKey, userId, ...none, ...now })
      .execute()
    return reply.tickets as Tickets
  }
  const readMails = async () => (await world.request({ url: '/dev/outbox' })).body
  const send = (address: string) =>
    call('/v1/code/send', { purpose: 'reset', address }) as unknown as Promise<Sent>
  const readCode = async () => {
    const [code] = /\b\d{6}\b/.exec((await readMails()).replace(/<style[\s\S]*?<\/style>/g, '')) ?? []
    if (code === undefined) throw new Error('no mail with a code')
    return code
  }
  return { world, call, own, send, readCode, readMails }
}

const resetWith = (call: Call, members: Members) => call('/v1/password/reset', members)

t.test('code and new password in one call: the old password and every login end', async (t) => {
  const { world, call, own, send, readCode } = await openReset(t)
  const { a2, skey } = await own('amber', 'amber@mail.example')
  const { flow } = await send('amber@mail.example')
  const code = await readCode()
  const reply = await resetWith(call, { flow, code, newPassword: newWord })
  t.match(reply, { code: codes.OK, status: 'loginok', user: { userName: 'amber' } })
  for (const token of [a2, skey])
    t.match(await call('/v1/session', { token }), { code: codes.TICKET_ENDED, reason: 'password-changed' })
  t.equal((await call('/v1/session', { token: (reply.tickets as Tickets).skey })).code, codes.TICKET_VALID)
  t.equal((await call('/v1/login', { login: 'amber', password: oldWord })).code, codes.LOGIN_FAILED)
  t.equal((await call('/v1/login', { login: 'amber', password: newWord })).code, codes.LOGGED_IN)
  const again = await resetWith(call, { flow, code, newPassword: 'another good one' })
  t.equal(again.code, codes.CODE_EXPIRED, 'a code works once')
  const told = (await readMessages(world.send)).find(({ text }) => text.includes('password-changed'))
  t.ok(told, 'the owner is told')
  t.match(told?.text, '请立即重置密码。')
  t.notMatch(told?.text, 'https://login.example', 'without a link: the server has no page for it')
})

t.test('a client that hashes gives the code, then the hashes with what the code was worth', async (t) => {
  const { call, own, send, readCode, world } = await openReset(t)
  await own('beryl', 'beryl@mail.example')
  const { flow } = await send('beryl@mail.example')
  const granted = (await resetWith(call, { flow, code: await readCode() })) as unknown as Granted
  t.equal(granted.code, codes.OK)
  const { grant, cost, logins } = granted
  t.equal(logins.length, 3)
  const hashes = await Promise.all(
    [...new Set(logins.map(({ salt }) => salt))].map(async (salt) => ({
      salt,
      clientHash: await clientHashOf(newWord, { salt, cost }),
    })),
  )
  t.match(await resetWith(call, { grant, hashes: hashes.slice(1) }), { code: codes.PARAMETER_MISSING })
  t.equal((await resetWith(call, { grant: `${grant.slice(0, -2)}AA`, hashes })).code, codes.CODE_EXPIRED)
  t.equal((await resetWith(call, { grant, hashes })).code, codes.OK)
  t.equal((await resetWith(call, { grant, hashes })).code, codes.CODE_EXPIRED, 'a grant works once')
  t.equal((await call('/v1/login', { login: 'beryl', password: newWord })).code, codes.LOGGED_IN)
  world.clock.add(61_000)
  const late = await send('beryl@mail.example')
  const second = (await resetWith(call, { flow: late.flow, code: await readCode() })) as unknown as Granted
  world.clock.add(600_000)
  t.equal(
    (await resetWith(call, { grant: second.grant, newPassword: 'a third one' })).code,
    codes.CODE_EXPIRED,
  )
})

t.test('an address without an account is answered like any other, and no code works', async (t) => {
  const { call, own, send, readCode, readMails } = await openReset(t)
  await own('coral', 'coral@mail.example')
  const [known, unknown] = [await send('coral@mail.example'), await send('nobody@mail.example')]
  t.same(Object.keys(known), Object.keys(unknown))
  t.match(unknown, { ...known, flow: /^reset-[0-9a-f]{32}$/, timestamp: Number })
  const ofUnknown = (await readMails()).split('nobody@mail.example')[1]?.split('</article>')[0]
  t.match(ofUnknown, '------')
  t.notMatch(ofUnknown, /：\d{6}</, 'a row without a code, which is never sent')
  const code = await readCode()
  const refused = await resetWith(call, { flow: unknown.flow, code, newPassword: newWord })
  t.equal(refused.code, codes.CODE_WRONG)
})

t.test('a new password that is refused costs no code', async (t) => {
  const { call, own, send, readCode } = await openReset(t)
  await own('dahlia', 'dahlia@mail.example')
  const { flow } = await send('dahlia@mail.example')
  const code = await readCode()
  t.equal((await resetWith(call, { flow, code, newPassword: 'woaini1314' })).code, codes.PASSWORD_COMMON)
  const named = (await resetWith(call, { flow, code, newPassword: 'dahlia dahlia 1' })) as unknown as Granted
  t.equal(named.code, codes.PASSWORD_COMMON)
  t.equal((await resetWith(call, { grant: named.grant, newPassword: newWord })).code, codes.OK)
})

t.test('another purpose, app or a disabled account', async (t) => {
  const { call, own, send, readCode, world } = await openReset(t)
  await own('erica', 'erica@mail.example')
  const { flow } = await send('erica@mail.example')
  const code = await readCode()
  const other = await world.server.apps.add({ name: 'other' })
  const elsewhere = { appid: other.appId, appsecret: other.appSecret }
  const newPassword = newWord
  t.equal((await resetWith(call, { ...elsewhere, flow, code, newPassword })).code, codes.CODE_EXPIRED)
  const asLogin = flow.replace('reset', 'login')
  t.equal((await resetWith(call, { flow: asLogin, code, newPassword })).code, codes.CODE_EXPIRED)
  t.equal((await resetWith(call, { newPassword })).code, codes.PARAMETER_MISSING)
  await world.admin.accounts.disable('erica', 'test')
  t.match(await resetWith(call, { flow, code, newPassword }), {
    code: codes.ACCOUNT_DISABLED,
    reason: 'disabled',
  })
})

t.test('a link leads to a form, which works without a script and for one click', async (t) => {
  const links = JSON.stringify([{ app: '', to: '' }])
  const { world, call, own, send } = await openReset(t, { TORII__MAIL__LINKS: links })
  const { a2 } = await own('opal', 'opal@mail.example')
  const logins = async () =>
    (await world.server.db.write.selectFrom('logins').select('loginId').execute()).length
  const begun = await logins()
  await send('opal@mail.example')
  const { text = '' } = (await readMessages(world.send))[0] ?? {}
  const [link = ''] = /https:\/\/login\.example\/password\/reset\?\S+/.exec(text) ?? []
  const [url = '', code = ''] = link.replace('https://login.example', '').split('#')
  t.match(code, /^\d{6}$/, 'the code is in the fragment')
  t.notMatch(url, code)
  for (const method of ['GET', 'HEAD'] as const) {
    const { status } = await world.request({ method, url })
    t.equal(status, 200, `a scanner: ${method}`)
  }
  const form = new URLSearchParams(url.split('?')[1])
  const submit = async (members: Members, from?: string) => {
    const post = new URLSearchParams([...form, ...Object.entries(members)] as [string, string][]).toString()
    return world.request({ url: '/password/reset', post, ...(from && { from }) })
  }
  const both = (word: string) => ({ newPassword: word, again: word })
  const elsewhere = await submit({ code, ...both(newWord) }, '203.0.113.9')
  t.equal(elsewhere.status, 403, 'not in the clear')
  t.equal(
    (await world.request({ url, from: '203.0.113.9' })).status,
    403,
    'nor is a password asked for there',
  )
  t.match((await submit({ code, newPassword: newWord, again: oldWord })).body, '两次输入的密码不一致')
  t.equal((await submit({ code, ...both('password') })).status, 400, 'a common one')
  t.equal((await submit({ code: code === '000000' ? '000001' : '000000', ...both(newWord) })).status, 400)
  t.equal((await call('/v1/login', { login: 'opal', password: oldWord })).code, codes.LOGGED_IN)

  // The right code and a password of the user's own name: the code is used up, and the form goes on.
  const ofOwnName = await submit({ code, ...both('opal@mail.example') })
  t.equal(ofOwnName.status, 400)
  const [, grant = ''] = /name="grant" value="([^"]+)"/.exec(ofOwnName.body) ?? []
  t.ok(grant)
  t.notMatch(ofOwnName.body, 'name="code"')
  t.match((await submit({ grant, ...both(oldWord) })).body, '新密码与旧密码相同')
  const done = await submit({ grant, ...both(newWord) })
  t.equal(done.status, 200)
  t.match(done.body, '新密码已设置')
  t.notMatch(done.body, /form|skey|"a2"/)
  t.match((await submit({ grant, ...both('another good one') })).body, '链接已失效')
  t.match((await submit({ code, ...both('another good one') })).body, '链接已失效')
  t.match(await call('/v1/session', { token: a2 }), { code: codes.TICKET_ENDED, reason: 'password-changed' })
  t.equal(await logins(), begun + 1, 'the page begins no login')
  t.equal((await call('/v1/login', { login: 'opal', password: newWord })).code, codes.LOGGED_IN)
  form.set('app', 'unknown')
  t.match((await submit({ code, ...both(newWord) })).body, '链接已失效')
  const { body } = await world.send({
    method: 'GET',
    url: `/password/reset?app=${encodeURIComponent('"><script>alert(1)</script>')}&flow=%3Cb%3E`,
    headers: { host: 'localhost', 'accept-language': 'en' },
  })
  t.match(body, 'Reset your password')
  t.notMatch(body, /<script>alert|<b>/)
})

t.test('where no form is taken, the link of a reset shows the code', async (t) => {
  const { world } = await openReset(t, { TORII__SECURITY__PROFILE: 'strict' })
  const { status } = await world.request({ url: '/password/reset?app=one&flow=reset-1' })
  t.equal(status, 404)
})

t.test('a host that a caller invents is in no mail', async (t) => {
  const links = JSON.stringify([{ app: '', to: '' }])
  const { world, own } = await openReset(t, {
    TORII__MAIL__LINKS: links,
    TORII__SECURITY__PROFILE: 'legacy',
  })
  await own('opal', 'opal@mail.example')
  const { appId: appid, appSecret: appsecret } = world.app
  const host = 'evil.example'
  const headers = { host, 'x-forwarded-host': host, forwarded: `host=${host}`, origin: `https://${host}` }
  const json = { appid, appsecret, purpose: 'reset', address: 'opal@mail.example' }
  const { body } = await world.request({ url: '/v1/code/send', json, headers })
  t.equal(JSON.parse(body).code, codes.OK, body)
  const [message] = await readMessages(world.send)
  t.match(message?.text, 'https://login.example/password/reset?')
  t.notMatch(JSON.stringify(message), host)
})
