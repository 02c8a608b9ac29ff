/** Events, the export and leaving in every form of call, written from protocol.md alone. */
import t, { type Test } from 'tap'
import { until } from '../harness/test-server.ts'
import { items, type Json, parse, text } from './client.ts'
import { draw, loggedIn, type Open, openPeople, register } from './people.ts'
import { password } from './world.ts'

const { clock, own, forms, codeOf, byEmail, untilWaiting } = await openPeople(t)

const kinds = (body: Json) => items(body, 'events').map(({ kind }) => kind)

const events = async (t: Test, open: Open) => {
  const line = await open()
  const [me, you] = [await register(line), await register(line)]
  const list = (members: Json) => me.call('/v1/event/list', members)
  const first = await list({})
  t.strictSame(kinds(first), ['user.registered'])
  t.match(first, {
    code: 1000000,
    cursor: String,
    last: 1,
    unread: 1,
    events: [{ number: 1, id: String, at: Number, app: own.appId, detail: {} }],
  })
  const waiting = list({ cursor: first.cursor, waitSeconds: 25 })
  await untilWaiting()
  clock.add(7_000)
  await you.call('/v1/friend/request', { requestTo: me.userId })
  t.match(await waiting, {
    code: 1000000,
    last: 2,
    unread: 2,
    events: [{ number: 2, kind: 'friend.requested', userId: you.userId }],
  })
  const read = list({ since: 2, waitSeconds: 25 })
  await untilWaiting()
  t.match(await me.call('/v1/event/read', { readUpTo: 2 }), { code: 1000000, last: 2, unread: 0 })
  t.match(await read, { code: 1000000, events: [], unread: 0 }, 'read elsewhere')
  t.match(await list({ since: 2, cursor: first.cursor }), { code: 2000102 })
  t.match(await list({ since: 3 }), { code: 2000102, info: /since/ })
  t.match(await list({ since: -1 }), { code: 2000102, info: /since/ })
  t.match(await list({ waitSeconds: 26 }), { code: 2000102, info: /waitSeconds/ })
  t.match(await list({ limit: 0 }), { code: 2000102, info: /limit/ })
  t.match(await list({ page: 1 }), { code: 2000102, info: /page/ })
  t.match(await me.call('/v1/event/read', { readUpTo: 3 }), { code: 2000102, info: /readUpTo/ })
  t.match(await you.call('/v1/event/list', { cursor: first.cursor }), { code: 2000102, info: /cursor/ })
  t.match(await list({ since: 0, limit: 1 }), { events: [{ number: 1 }], last: 2 })
  const stepMs = 30_000
  clock.add(stepMs - (clock.now() % stepMs) + stepMs - 5_000)
  const over = list({ since: 2, waitSeconds: 25 })
  await untilWaiting()
  clock.add(25_000)
  t.match(await over, { code: 1000000, events: [], last: 2 }, 'opened in the next step')
  const ended = list({ since: 2, waitSeconds: 25 })
  await untilWaiting()
  t.match(await me.call('/v1/logout'), { code: 1020103 })
  t.match(await ended, { code: 2040400, reason: 'logged-out' })
}

const leaving = async (t: Test, open: Open) => {
  const line = await open()
  const email = `leaver-${draw()}@example.com`
  const me = await byEmail(line, email)
  t.match(await me.call('/v1/user/export'), { code: 2000101 })
  t.match(await me.call('/v1/user/export', { export: false }), { code: 2000102 })
  const ready = await until('the export is ready', async () => {
    const reply = await me.call('/v1/user/export', { export: true })
    t.match(reply, {
      code: 1000000,
      state: /^(making|ready)$/,
      askedAt: Number,
      expiresAt: Number,
      parts: Number,
      bytes: Number,
      isComplete: Boolean,
    })
    return reply.state === 'ready' && reply
  })
  const tables = new Set<unknown>()
  for (let exportPart = 1; exportPart <= Number(ready.parts); exportPart++) {
    const part = parse(text(await me.call('/v1/user/export/part', { exportPart }), 'part'))
    t.ok(Array.isArray(part.rows))
    tables.add(part.table)
  }
  t.ok(tables.has('addresses'), [...tables].join())
  t.match(await me.call('/v1/user/export/part', { exportPart: Number(ready.parts) + 1 }), { code: 2000102 })
  t.match(await me.call('/v1/user/unregister'), { code: 2000101 })
  t.match(await me.call('/v1/user/unregister', { unregister: true, now: true }), {
    code: 2000102,
    info: /now/,
  })
  const left = await me.call('/v1/user/unregister', { unregister: true })
  t.match(left, { code: 1000000, finalAt: Number })
  t.ok(Math.abs(Number(left.finalAt) - clock.now() / 1_000 - 14 * 86_400) < 5)
  const isSealed = line.form === 'sealed'
  const dead = await line.call('/v1/session', { token: me.token })
  if (isSealed) t.match(dead, { opened: false, body: { code: 2020408 } }, 'the key has ended, too')
  else t.match(dead.body, { code: 1030201, reason: 'leaving' })
  const next = isSealed ? await open() : line
  t.match((await next.call('/v1/session', { token: me.token })).body, { code: 1030201, reason: 'leaving' })
  const back = await next.call('/v1/login', { login: email, password })
  t.match(back.body, { code: 1020100, recovered: true })
  const again = loggedIn(next, back.body)
  await again.call('/v1/user/unregister', { unregister: true })
  const last = await open()
  clock.add(61_000)
  const sent = await last.call('/v1/code/send', { purpose: 'recover', address: email })
  t.match(sent.body, { code: 1000000, flow: String })
  const code = await codeOf(email)
  const wrong = code === '111111' ? '222222' : '111111'
  t.match((await last.call('/v1/user/recover', { flow: sent.body.flow, code: wrong })).body, {
    code: 2020600,
  })
  const recovered = (await last.call('/v1/user/recover', { flow: sent.body.flow, code })).body
  t.match(recovered, { code: 1000000, recovered: true, unlocked: Boolean })
  t.match((await last.call('/v1/user/recover', { flow: sent.body.flow, code, rid: 'again' })).body, {
    code: 2020604,
  })
}

const parts = {
  'events are listed, waited for and read': events,
  'a user takes everything along, leaves and comes back': leaving,
}
for (const [form, open] of Object.entries(forms))
  for (const [title, part] of Object.entries(parts)) t.test(`${form}: ${title}`, (t) => part(t, open))
