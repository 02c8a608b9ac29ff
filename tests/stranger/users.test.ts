/** Profiles, other names and searches in every form of call, written from protocol.md alone. */
import t, { type Test } from 'tap'
import { isJson, items, type Json, text } from './client.ts'
import { hashes, prelogin } from './passwords.ts'
import { draw, membersOf, type Open, openPeople, register } from './people.ts'
import { password } from './world.ts'

const { clock, forms, byEmail } = await openPeople(t)

const profiles = async (t: Test, open: Open) => {
  const line = await open()
  const me = await register(line)
  const other = await register(line)
  const set = (members: Json) => me.call('/v1/user/set', members)
  const first = await me.call('/v1/user/get')
  t.match(first, { code: 1000000, user: { userId: me.userId, userName: me.userName, nickName: me.userName } })
  const known = ['counts', 'findBy', 'nickName', 'privacy', 'roles', 'userId', 'userName', 'withheld']
  t.strictSame(membersOf(first.user), known)
  t.match(first.user, {
    privacy: {
      gender: 'everyone',
      birthday: 'nobody',
      age: 'friends',
      region: 'everyone',
      introduction: 'everyone',
      language: 'nobody',
    },
    findBy: { email: false, phone: false, nickName: true },
    counts: { following: 0, fans: 0, mutual: 0, friends: 0, blocked: 0 },
  })
  t.match(await me.call('/v1/user/get', { userId: '999999' }), { code: 2070001 })
  t.match(await me.call('/v1/user/get', { userID: other.userId }), { code: 2000102, info: /userID/ })
  t.match(await set({}), { code: 2000101 })
  const changed = await set({
    nickName: 'Ann 小明',
    gender: 'female',
    birthday: '1999-02-28',
    region: 'Kyoto',
    introduction: 'one\ntwo',
    language: 'zh-CN',
    icon: 'https://img.example/a.png',
    params: { level: 7, motto: 'slowly', premium: true },
  })
  t.match(changed, {
    code: 1000000,
    user: { gender: 'female', birthday: '1999-02-28', params: { level: 7, premium: true } },
  })
  const seen = await other.call('/v1/user/get', { userId: me.userId })
  t.strictSame(seen.user, {
    userId: me.userId,
    userName: me.userName,
    nickName: 'Ann 小明',
    icon: 'https://img.example/a.png',
    gender: 'female',
    region: 'Kyoto',
    introduction: 'one\ntwo',
    params: { level: 7 },
  })
  const privacy = {
    gender: 'nobody',
    region: 'friends',
    birthday: 'everyone',
    age: 'everyone',
    introduction: 'nobody',
    language: 'everyone',
  }
  t.match(await set({ privacy, params: { level: null } }), { code: 1000000, user: { privacy } })
  const now = (await other.call('/v1/user/get', { userId: me.userId })).user
  t.strictSame(isJson(now) && Object.keys(now).sort(), [
    'age',
    'birthday',
    'icon',
    'language',
    'nickName',
    'userId',
    'userName',
  ])
  t.match(await set({ age: 30, region: '' }), { code: 1000000, user: { age: Number } })
  const aged = await me.call('/v1/user/get')
  t.match(aged, { user: { age: 30 } })
  t.notOk('birthday' in (isJson(aged.user) ? aged.user : {}), 'the year alone is no birthday')
  const wrong: [Json, number, string?][] = [
    [{ gender: 'man' }, 2000102, 'gender'],
    [{ birthday: '1899-12-31' }, 2000102, 'birthday'],
    [{ birthday: '2999-01-01' }, 2000102, 'birthday'],
    [{ birthday: '2001-02-29' }, 2000102, 'birthday'],
    [{ region: 'x'.repeat(65) }, 2000102, 'region'],
    [{ introduction: 'x'.repeat(501) }, 2000102, 'introduction'],
    [{ introduction: 'a\tb' }, 2000102, 'introduction'],
    [{ language: 'zh_CN' }, 2000102, 'language'],
    [{ icon: 'http://img.example/a.png' }, 2000102, 'icon'],
    [{ icon: 'https://img.example:8443/a.png' }, 2000102, 'icon'],
    [{ icon: `https://img.example/${'a'.repeat(512)}` }, 2000102, 'icon'],
    [{ params: { rank: 1 } }, 2000102, 'params.rank'],
    [{ params: { level: '7' } }, 2000102, 'params.level'],
    [{ params: { motto: 'x'.repeat(81) } }, 2000102, 'params.motto'],
    [{ privacy: { gender: 'all' } }, 2000102, 'privacy.gender'],
    [{ privacy: { nickName: 'nobody' } }, 2000102, 'privacy.nickName'],
    [{ findBy: { number: true } }, 2000102, 'findBy.number'],
    [{ status: 'active' }, 2000102, 'status'],
    [{ userId: '1' }, 2000102, 'userId'],
    [{ role: 'admin' }, 2000102, 'role'],
    [{ birthday: '1990-01-01', age: 30 }, 2000102],
    [{ nickName: '' }, 2040105],
    [{ nickName: 'x'.repeat(46) }, 2040105],
    [{ nickName: 'a\u202eb' }, 2020101],
  ]
  for (const [members, code, info] of wrong) {
    const reply = await set(members)
    t.match(
      reply,
      { code, ...(info !== undefined && { info: new RegExp(info) }) },
      JSON.stringify(members).slice(0, 60),
    )
  }
  t.match(
    await set({ introduction: '😀'.repeat(500), region: '京'.repeat(64) }),
    { code: 1000000 },
    'characters, not units',
  )
}

const names = async (t: Test, open: Open) => {
  const line = await open()
  const me = await register(line, 'before')
  const taken = await register(line, 'taken')
  const set = (members: Json) => me.call('/v1/user/set', members)
  const userName = me.userName.replace('before', 'after')
  t.match(await set({ userName }), { code: 2000101, info: /password/ })
  t.match(await set({ userName: taken.userName, password }), { code: 2040102 })
  t.match(await set({ userName, password: 'wrong' }), { code: 2030103 })
  const salted = await prelogin(line, userName)
  const { clientHash = '', nextClientHash } = await hashes(password, salted)
  t.match(await set({ userName, clientHash, salt: 'O5tjSSpKc1raSiIoRxY7w.', nextClientHash }), {
    code: 2000102,
    info: /salt/,
  })
  const changed = await set({ userName, clientHash, salt: salted.salt, nextClientHash })
  t.match(changed, { code: 1000000, user: { userName, renameAt: Number } })
  t.ok(
    Math.abs(Number(isJson(changed.user) && changed.user.renameAt) - clock.now() / 1_000 - 30 * 86_400) < 5,
  )
  t.match(await set({ userName: me.userName, password }), { code: 2020407 }, 'once in 30 days')
  const login = async (login: string) => (await line.call('/v1/login', { login, password })).body.code
  t.equal(await login(userName), 1020100)
  t.equal(await login(me.userId), 1020100)
  t.equal(await login(me.userName), 2040204)
  const again = { regmode: 'anonymous', user: { userName: me.userName }, password, rid: 'another' }
  t.match((await line.call('/v1/register', again)).body, { code: 2040102 }, 'held')
}

const searches = async (t: Test, open: Open) => {
  const line = await open()
  const mark = `${line.form.replace(/\W/g, '')}${draw()}`
  const me = await register(line, 'finder')
  const found = [await register(line), await register(line), await register(line)]
  for (const [at, user] of found.entries()) await user.call('/v1/user/set', { nickName: `%_${mark} ${at}` })
  const find = (members: Json) => me.call('/v1/user/find', members)
  const [first, second, third] = found.map(({ userId }) => userId)
  t.match(await find({ by: 'number', text: first }), { code: 1000000, users: [{ userId: first }] })
  const upper = found[0]?.userName.toUpperCase()
  t.match(await find({ by: 'userName', text: upper }), { users: [{ userId: first }] })
  const page = await find({ by: 'nickName', text: `%_${mark}`, limit: 2 })
  t.match(page, { users: [{ userId: first }, { userId: second }], cursor: String })
  const rest = await find({ by: 'nickName', text: `%_${mark}`, limit: 2, cursor: page.cursor })
  t.strictSame(
    items(rest, 'users').map(({ userId }) => userId),
    [third],
  )
  t.notOk('cursor' in rest, 'the end')
  const cursor = text(page, 'cursor')
  const foreign = await found[0]?.call('/v1/user/find', { by: 'nickName', text: `%_${mark}`, cursor })
  t.match(foreign, { code: 2000102, info: /cursor/ })
  t.match(await find({ by: 'nickName', text: '%_', cursor }), { code: 2000102, info: /cursor/ })
  t.match(await find({ by: 'nickName', text: `${cursor}x`, cursor: 'x' }), { code: 2000102, info: /cursor/ })
  t.strictSame(items(await find({ by: 'nickName', text: '%%' }), 'users'), [])
  t.match(await find({ by: 'nickName', text: 'x' }), { code: 2000102, info: /text/ })
  t.match(await find({ by: 'nickName', text: 'x\u200b' }), { code: 2000102, info: /text/ })
  for (const limit of [0, -1, 101, 1e9, 1.5, '5'])
    t.match(await find({ by: 'nickName', text: mark, limit }), { code: 2000102, info: /limit/ }, `${limit}`)
  t.match(await find({ by: 'id', text: '1' }), { code: 2000102, info: /by/ })
  t.match(await find({ by: 'number' }), { code: 2000101 })
  t.match(await find({ by: 'number', text: '' }), { code: 2000102 })
  t.match(await find({ by: 'userName', text: 'x'.repeat(255) }), { code: 2000102, info: /text/ })
  t.match(await find({ by: 'number', text: '1', page: 1 }), { code: 2000102, info: /page/ })
  await found[1]?.call('/v1/friend/block', { blockUser: me.userId })
  t.strictSame(items(await find({ by: 'number', text: second }), 'users'), [], 'who blocks is not found')
  t.match(await me.call('/v1/user/get', { userId: second }), { code: 2070001 })
  const withEmail = await byEmail(line, `amber-${mark}@example.com`)
  const search = { by: 'email', text: `AMBER-${mark}@example.com` }
  t.strictSame(items(await find(search), 'users'), [])
  await withEmail.call('/v1/user/set', { findBy: { email: true, nickName: false } })
  t.match(await find(search), { users: [{ userId: withEmail.userId, email: /^a\*+@example\.com$/i }] })
  t.match(await withEmail.call('/v1/user/get'), { user: { email: `amber-${mark}@example.com` } })
}

const parts = {
  'a profile is changed, and shown as its user allows': profiles,
  'another user name': names,
  'users find each other': searches,
}
for (const [form, open] of Object.entries(forms))
  for (const [title, part] of Object.entries(parts)) t.test(`${form}: ${title}`, (t) => part(t, open))
