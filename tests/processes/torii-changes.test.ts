/** Commands that change apps and users, and what an administrator reads of them. */
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { Redis } from 'ioredis'
import Database from 'libsql'
import t from 'tap'
import { codes } from '../harness/codes.ts'
import { readCode } from '../harness/messages.ts'
import {
  embeddedEnvironment,
  openShared,
  provisionDevice,
  spawnServer,
  testServers,
  until,
} from '../harness/test-server.ts'
import {
  ask,
  call,
  createFolder,
  createTorii,
  login,
  register,
  run,
  toriiFile,
} from '../tools/torii-process.ts'

t.setTimeout(200_000)

type Shown = Record<string, unknown> & { devices: object[]; logins: object[] }

const openServer = async (t: { teardown(end: () => unknown): void }) => {
  const folder = createFolder(t)
  const server = await spawnServer(embeddedEnvironment(folder))
  t.teardown(() => server.stop())
  const { app } = server
  if (!app) throw new Error('no demo app')
  return { folder, server, app, torii: createTorii(embeddedEnvironment(folder)) }
}

const auditOf = (folder: string) => {
  const database = new Database(join(folder, 'torii.sqlite'), { readonly: true })
  const rows = database.prepare('SELECT kind FROM audit_events ORDER BY event_id').all() as { kind: string }[]
  database.close()
  return rows.map(({ kind }) => kind)
}

t.test('app set changes what is named and leaves the rest', async (t) => {
  const { folder, server, app, torii } = await openServer(t)
  const { appId } = app
  const before = await ask<{ origins: string[] }>(torii, 'app', 'show', appId)
  const origin = 'http://localhost:5173'
  const echo = async () => {
    const { body } = await server.send({
      method: 'POST',
      url: '/v1/echo',
      headers: { 'content-type': 'application/json', origin },
      payload: JSON.stringify({ appid: appId }),
    })
    return JSON.parse(body).code
  }
  t.equal(await echo(), codes.APP_REFUSED)
  t.match(await ask(torii, 'app', 'set', appId, '--origin', origin), {
    name: 'demo',
    origins: [...before.origins, origin],
  })
  await until('a running server answers the new origin', async () => (await echo()) === codes.OK)
  const changed = ['--name', 'shop', '--min-strength', '1', '--may', 'words', '--remove-origin', origin]
  t.match(await ask(torii, 'app', 'set', appId, ...changed), {
    name: 'shop',
    minStrength: 1,
    rights: ['words'],
    public: true,
    origins: before.origins,
  })
  t.match(await ask(torii, 'app', 'set', appId, '--no-public', '--may', 'none'), {
    public: false,
    rights: [],
    name: 'shop',
  })
  t.match(await torii('app', 'set', appId), { code: 1, stderr: /say what to change/ })
  t.match(await torii('app', 'set', appId, '--checks', appId), { code: 1, stderr: /is no backend/ })
  const other = JSON.parse((await torii('app', 'add', 'partner', '--third-party', '--json')).stdout).appid
  t.match(await torii('app', 'set', appId, '--jump-to', 'unknown'), { code: 1, stderr: /no app has the id/ })
  t.match(await torii('app', 'set', appId, '--jump-to', other), { code: 1, stderr: /is a third-party app/ })
  t.match(await torii('app', 'set', appId, '--jump-to', appId), {
    code: 0,
    stdout: new RegExp(`jumps to +${appId}`),
  })
  t.match(await torii('app', 'set', appId, '--jump-to', 'none'), { code: 0, stdout: /jumps to +-/ })
  const granted = await ask(
    torii,
    'app',
    'set',
    appId,
    '--friend-defaults',
    'add,chat',
    '--stranger-defaults',
    'none',
  )
  t.match(granted, { friendDefaults: ['chat', 'add'], strangerDefaults: [] })
  const all = before.origins.flatMap((one) => ['--remove-origin', one])
  t.match(await torii('app', 'set', appId, '--public', ...all), { code: 1, stderr: /leave one/ })
  t.match(await torii('app', 'set', 'unknown', '--name', 'x'), { code: 1, stderr: /no app has the id/ })
  t.match(auditOf(folder), [
    'app.added',
    'app.changed',
    'app.changed',
    'app.changed',
    'app.added',
    'app.changed',
    'app.changed',
    'app.changed',
  ])
})

t.test('a business is added, changed and removed, and a running server notices', async (t) => {
  const { folder, server, app, torii } = await openServer(t)
  const { skey } = (await register(server, app, 'amber')).tickets as { skey: string }
  const exchange = async () =>
    (await call(server, app, '/v1/ticket/exchange', { token: skey, to: 'pskey', business: 'pay' })).code
  t.equal(await exchange(), codes.BUSINESS_UNKNOWN)
  const added = ['pay', '--apps', app.appId, '--idle', '5m', '--routes', '/pay,/refund']
  const pay = { business: 'pay', idleSeconds: 300, routes: ['/pay', '/refund'], apps: [app.appId] }
  t.same(await ask(torii, 'business', 'add', ...added), pay)
  await until('the server gives its pSKeys', async () => (await exchange()) === codes.OK)
  t.match(await torii('business', 'add', ...added), { code: 1, stderr: /business set/ })
  t.match(await torii('business', 'add', 'x', '--apps', 'nothing'), { code: 1, stderr: /no app has the id/ })
  for (const [name, routes] of [
    ['Pay', '/pay'],
    ['x', 'pay'],
    ['x', '/pay/'],
    ['x', '/a/../b'],
  ] as const)
    t.match(await torii('business', 'add', name, '--apps', app.appId, '--routes', routes), { code: 2 })
  t.same(await ask(torii, 'business', 'set', 'pay', '--routes', 'any'), { ...pay, routes: [] })
  t.match(await torii('business', 'set', 'pay'), { code: 1, stderr: /say what to change/ })
  t.match(await torii('business', 'set', 'none', '--idle', '5m'), { code: 1, stderr: /no business none/ })
  t.same(await ask(torii, 'business', 'list'), [{ ...pay, routes: [] }])
  t.match(await torii('business', 'remove', 'pay'), { code: 1, stderr: /--yes/ })
  t.match(await ask(torii, 'business', 'remove', 'pay', '--yes'), { removed: true })
  await until('the server gives no more', async () => (await exchange()) === codes.BUSINESS_UNKNOWN)
  t.same(await ask(torii, 'business', 'list'), [])
  t.same(auditOf(folder).slice(-3), ['business.added', 'business.changed', 'business.removed'])
})

t.test('app add --third-party and app set say what such an app may ask for', async (t) => {
  const { app, torii } = await openServer(t)
  const map = await ask<{ appid: string }>(torii, 'app', 'add', 'map', '--third-party', '--scopes', 'profile')
  t.match(map, { thirdParty: true, scopes: ['profile'], ticketFormat: 'opaque', public: false })
  const set = (id: string, ...words: string[]) => torii('app', 'set', id, ...words)
  t.match(await ask(torii, 'app', 'set', map.appid, '--scopes', 'openid,a.b'), { scopes: ['a.b'] })
  const refused = [
    [['app', 'add', 'x', '--third-party', '--public', '--origin', 'https://x.example'], /no --public/],
    [['app', 'add', 'x', '--third-party', '--backend', '--checks', app.appId], /no --backend/],
    [['app', 'add', 'x', '--scopes', 'profile'], /only a third-party app/],
    [['app', 'set', app.appId, '--scopes', 'profile'], /is no third-party app/],
    [['app', 'set', map.appid, '--may', 'words'], /no further rights/],
    [['app', 'set', map.appid, '--public'], /keeps a secret/],
    [['app', 'set', map.appid, '--ticket-format', 'jwt'], /server\.publicUrl/],
    [['app', 'set', app.appId, '--jump-to', map.appid], /third-party/],
  ] as const
  for (const [words, stderr] of refused) t.match(await torii(...words), { code: 1, stderr }, words.join(' '))
  for (const scopes of ['Profile', '../x', 'x'.repeat(41)])
    t.equal((await set(map.appid, '--scopes', scopes)).code, 2, scopes)
})

t.test('app remove ends a disabled app, its devices and what backends check of it', async (t) => {
  const { folder, server, app, torii } = await openServer(t)
  await provisionDevice(server.send, app)
  const backend = await ask<{ appid: string }>(torii, 'app', 'add', 'api', '--backend', '--checks', app.appId)
  t.match(await torii('app', 'remove', app.appId, '--yes'), {
    code: 1,
    stderr: /"torii app disable \w+" first/,
  })
  await ask(torii, 'app', 'disable', app.appId)
  t.match(await torii('app', 'remove', app.appId), { code: 1, stderr: /Say --yes/ })
  t.strictSame(await ask(torii, 'app', 'remove', app.appId, '--yes'), { appid: app.appId, removed: true })
  t.match(await ask(torii, 'app', 'list'), [{ appid: backend.appid, checks: [] }])
  const database = new Database(join(folder, 'torii.sqlite'), { readonly: true })
  t.match(database.prepare('SELECT count(*) AS count FROM devices').get(), { count: 0 })
  database.close()
  await until('a running server refuses it', async () => {
    const { code } = await call(server, app, '/v1/echo')
    return code === codes.APP_REFUSED
  })
  t.equal(auditOf(folder).at(-1), 'app.removed')
})

t.test('user list searches in any case, and writes a table for spreadsheets', async (t) => {
  const { server, app, torii } = await openServer(t)
  for (const name of ['Amber', 'amberine', 'Bob']) await register(server, app, name)
  t.match(await ask(torii, 'user', 'list', '--search', 'AMBER'), [
    { userName: 'Amber' },
    { userName: 'amberine' },
  ])
  t.match(await torii('user', 'list', '--search', 'amber', '--most', '1'), {
    stdout: /\nMore: torii user list --after 10001 --search amber\n$/,
  })
  t.match(await torii('user', 'list', '--search', 'zzz'), { code: 0, stdout: /has no such user after 0\n$/ })
  const { stdout } = await torii('user', 'list', '--csv')
  const lines = stdout.split('\r\n')
  t.equal(lines[0], '"number","name","nickname","status","registered"')
  t.match(lines[1], /^"10001","Amber","Amber","active","\d{4}-.*Z"$/)
  t.equal(lines.length, 5)
})

t.test('user list finds the owner of a whole address', async (t) => {
  const { server, app, torii } = await openServer(t)
  await register(server, app, 'Amber')
  const addresses = { email: 'Carol@good.example', phone: '+8613800138000' }
  for (const [kind, address] of Object.entries(addresses)) {
    const user = { [kind]: address, userName: `by-${kind}` }
    const begun = await call(server, app, '/v1/register', { regmode: kind, user, password: 'correct horse' })
    const typed = { flow: begun.flow, code: await readCode(server.send, address) }
    t.match(await call(server, app, '/v1/verify', typed), { code: codes.REGISTERED })
  }
  const search = (text: string) => ask<object[]>(torii, 'user', 'list', '--search', text)
  for (const text of ['Carol@good.example', 'carol@GOOD.example']) {
    const found = await search(text)
    t.match(found, [{ userName: 'by-email' }], text)
    t.equal(found.length, 1)
  }
  t.match(await search('+86 138 0013 8000'), [{ userName: 'by-phone' }])
  t.same(await search('carol@good'), [], 'a part of an address finds nothing')
})

t.test('user show names the devices, and when the user was seen last', async (t) => {
  const { server, app, torii } = await openServer(t)
  await register(server, app, 'amber')
  const shown = await ask<Shown>(torii, 'user', 'show', 'amber')
  t.match(shown, { devices: [], lastSeenAt: /Z$/, logins: [{ device: null, lastSeenAt: /Z$/ }] })
  t.match(await torii('user', 'show', 'amber'), { stdout: /\nlast seen +\d{4}-.*Z\ndevices +0\n/ })
})

t.test('a ban of a range says which range that is', async (t) => {
  const folder = createFolder(t)
  const torii = createTorii(embeddedEnvironment(folder))
  await ask(torii, 'migrate', 'up')
  const ban = (address: string) => torii('ip', 'ban', address, '--for', '1h', '--reason', 'x')
  t.match(await ban('10.1.2.3/8'), {
    code: 0,
    stdout:
      /^10\.1\.2\.3\/8 is the range 10\.0\.0\.0\/8: all of it is banned\.\n10\.0\.0\.0\/8 is banned until/,
  })
  for (const address of ['10.0.0.0/8', '192.0.2.1', '2001:db8::/48', '2001:db8::1'])
    t.match((await ban(address)).stdout, /^\S+ is banned until/, address)
})

t.test('reset removes the database of a trial that no server runs on', async (t) => {
  const { folder, server, torii } = await openServer(t)
  t.match(await torii('reset', '--yes'), { code: 1, stderr: /another server runs on .*; stop it/ })
  await server.stop()
  t.match(await torii('reset'), { code: 1, stderr: /Say --yes/ })
  t.ok(existsSync(join(folder, 'torii.sqlite')))
  t.strictSame(await ask(torii, 'reset', '--yes'), { removed: join(folder, 'torii.sqlite') })
  t.notOk(existsSync(join(folder, 'torii.sqlite')))
  t.match(await torii('app', 'list'), { code: 1, stderr: /there is no database/ })
  const service = createTorii({ ...embeddedEnvironment(folder), TORII__STORE__URL: 'redis://127.0.0.1:1' })
  t.match(await service('reset', '--yes'), { code: 1, stderr: /only a trial is reset/ })
  const again = await spawnServer(embeddedEnvironment(folder))
  t.ok(again.app, 'a new demo app')
  await again.stop()
})

t.test('store clear removes the keys of this server alone', async (t) => {
  const shared = await openShared()
  t.teardown(() => shared.close())
  const { environment, database } = shared
  const redis = new Redis(testServers().redis.url)
  t.teardown(() => redis.quit())
  const prefix = `${database}:`
  const kept = [`other-${database}:skey:x`, `${prefix}words`]
  await redis.mset(...kept.flatMap((key) => [key, '1']))
  t.teardown(() => redis.del(...kept))
  for (let at = 0; at < 2_500; at++) redis.set(`${prefix}limit:${at}`, '1')
  await redis.set(`${prefix}skey:x`, '1')
  const torii = createTorii({ ...environment, TORII__WORDS__REDIS__KEY: `${prefix}words` })
  t.match(await torii('store', 'clear'), { code: 1, stderr: /Say --yes/ })
  t.match(await ask(torii, 'store', 'clear', '--yes'), { removed: 2_501, keyPrefix: prefix })
  t.same((await redis.keys(`*${database}:*`)).sort(), kept.sort())
  const events = await shared.db.write.selectFrom('auditEvents').select('kind').execute()
  t.ok(events.some(({ kind }) => kind === 'store.cleared'))
  t.match(await createTorii({})('store', 'clear', '--yes'), {
    code: 1,
    stderr: /restart the server to empty it/,
  })
})

t.test('a command whose user lacks a right names the setting and the page', async (t) => {
  const shared = await openShared()
  t.teardown(() => shared.close())
  const redis = new Redis(testServers().redis.url)
  t.teardown(() => redis.quit())
  await redis.call('ACL', 'SETUSER', shared.database, 'on', '>pw', '~*', '+@all', '-scan')
  t.teardown(() => redis.call('ACL', 'DELUSER', shared.database))
  const url = new URL(testServers().redis.url)
  url.username = shared.database
  url.password = 'pw'
  const torii = createTorii({ ...shared.environment, TORII__STORE__URL: url.href })
  t.match(await torii('store', 'clear', '--yes'), {
    code: 1,
    stderr: /scan.*store\.url \(TORII__STORE__URL\) lacks a right: docs\/production\.md/,
  })
  // The user of the test servers has no rights in a database of this name.
  const elsewhere = { TORII__DATABASE__WRITE__0__DATABASE: 'mysql' }
  t.match(await createTorii({ ...shared.environment, ...elsewhere })('migrate', 'up'), {
    code: 1,
    stderr: /denied.*database\.write\.0\.user .* lacks a right: docs\/production\.md.*migrate up/,
  })
})

t.test('user remove ends every login and holds the name, and the number stays taken', async (t) => {
  const { folder, server, app, torii } = await openServer(t)
  const { tickets } = (await register(server, app, 'amber')) as unknown as { tickets: { skey: string } }
  t.match(await torii('user', 'remove', 'amber'), { code: 1, stderr: /Say --yes/ })
  t.strictSame(await ask(torii, 'user', 'remove', 'amber', '--yes'), {
    userId: '10001',
    removed: true,
    namesFreedDays: 90,
  })
  await until('its SKey has ended', async () => {
    const { code } = await call(server, app, '/v1/session', { token: tickets.skey })
    return code !== codes.TICKET_VALID
  })
  for (const name of ['amber', '10001'])
    t.equal((await login(server, app, name)).code, codes.LOGIN_FAILED, `no login as ${name}`)
  t.match(await torii('user', 'show', 'amber'), { code: 1, stderr: /no user has the name amber/ })
  t.match(await torii('user', 'show', '10001'), { code: 1, stderr: /no user has the number/ })
  t.equal((await register(server, app, 'amber')).code, codes.ALREADY_REGISTERED)
  t.match(await torii('user', 'add', 'Amber'), { code: 1, stderr: /the name Amber, .* is taken or held/ })
  t.equal((await register(server, app, 'beryl')).code, codes.REGISTERED)
  t.match(await ask(torii, 'user', 'show', 'beryl'), { userId: '10002' })
  const keyless = createTorii({
    ...embeddedEnvironment(folder),
    TORII__SECURITY__KEY_FILE: join(folder, 'none.key'),
  })
  t.match(await keyless('user', 'remove', 'beryl', '--yes'), {
    code: 0,
    stdout:
      /free for others at once, without the server key: security\.keyFile \(TORII__SECURITY__KEY_FILE\)/,
  })
  t.equal((await register(server, app, 'beryl')).code, codes.REGISTERED, 'it was free at once')
  const database = new Database(join(folder, 'torii.sqlite'), { readonly: true })
  const left = database.prepare('SELECT status FROM accounts WHERE user_id = 10001').all()
  database.close()
  t.match(left, [{ status: 'deleted' }])
  t.equal(auditOf(folder).at(-1), 'account.removed')
})

t.test('user add makes users who log in by name and by number', async (t) => {
  const { folder, server, app, torii } = await openServer(t)
  type Added = { password: string; users: { userId: string; userName: string }[] }
  const { password, users } = await ask<Added>(torii, 'user', 'add', 'tester', '--count', '3')
  t.match(users, [
    { userId: '10001', userName: 'tester1' },
    { userName: 'tester2' },
    { userId: '10003', userName: 'tester3' },
  ])
  for (const name of ['tester1', '10003'])
    t.equal((await call(server, app, '/v1/login', { login: name, password })).code, codes.LOGGED_IN, name)
  t.match(await torii('user', 'add', 'Tester2'), {
    code: 1,
    stderr: /the name Tester2, .* is taken or held; 0 were added/,
  })
  t.match(await torii('user', 'add', 'x', '--count', '0'), { code: 2, stderr: /a number from 1 to 9999/ })
  t.equal(auditOf(folder).filter((kind) => kind === 'account.added').length, 3)
})

type SetPassword = { userId: string; password: string }

t.test('user set-password gives a one-time password, and every login ends', async (t) => {
  const { folder, server, app, torii } = await openServer(t)
  const { tickets } = (await register(server, app, 'amber')) as unknown as { tickets: Record<string, string> }
  const { userId, password, ...rest } = await ask<SetPassword>(torii, 'user', 'set-password', 'amber')
  t.strictSame({ userId, rest }, { userId: '10001', rest: {} })
  t.match(password, /^[\w-]{16}$/)
  t.equal(auditOf(folder).at(-1), 'password.set')
  await until('its SKey has ended', async () => {
    const { code } = await call(server, app, '/v1/session', { token: tickets.skey })
    return code !== codes.TICKET_VALID
  })
  t.equal((await login(server, app, 'amber')).code, codes.LOGIN_FAILED, 'the old password')
  for (const name of ['amber', '10001'])
    t.equal(
      (await call(server, app, '/v1/login', { login: name, password })).code,
      codes.PASSWORD_MUST_CHANGE,
    )
  t.match(await ask(torii, 'user', 'show', 'amber'), { mustChangePassword: true })
  const newPassword = 'much better now'
  const changed = await call(server, app, '/v1/login', { login: 'amber', password, newPassword })
  t.equal(changed.code, codes.LOGGED_IN)
  t.match(await ask(torii, 'user', 'show', 'amber'), { mustChangePassword: false })

  const text = await torii('user', 'set-password', '10001')
  t.match(text, {
    code: 0,
    stdout:
      /^The one-time password is [\w-]{16}; .*\nUser 10001 \(10001\) must change it .* in .*torii\.sqlite\..*\n$/,
  })
  t.match(await torii('user', 'show', 'amber'), { stdout: /\npassword +must be changed at the next login\n/ })
})

t.test('user set-password --stdin takes a good password, and shows none', async (t) => {
  const { folder, server, app, torii } = await openServer(t)
  await register(server, app, 'amber')
  const byStdin = (input: string | Uint8Array) => createTorii(embeddedEnvironment(folder), undefined, input)
  const set = ['user', 'set-password', 'amber', '--stdin']
  const wrong: [input: string | Uint8Array, says: RegExp][] = [
    ['', /too short or too long/],
    ['seven 7\n', /too short or too long/],
    ['woaini1314\n', /too common/],
    ['amber amber 1\n', /too common/],
    ['two lines\nof a file\n', /characters/],
    [Buffer.from([0x61, 0xff]), /not UTF-8/],
  ]
  for (const [input, says] of wrong)
    t.match(await byStdin(input)(...set), { code: 1, stdout: '', stderr: says }, String(input))
  t.equal((await login(server, app, 'amber')).code, codes.LOGGED_IN, 'nothing has changed')
  t.strictSame(await ask(byStdin('\ufeffquite good one\r\n'), ...set), { userId: '10001' })
  const members = { login: 'amber', password: 'quite good one' }
  t.equal((await call(server, app, '/v1/login', members)).code, codes.PASSWORD_MUST_CHANGE)
  t.match(await byStdin('quite good one')(...set), { code: 1, stderr: /The new password is the old one/ })
  t.notMatch((await byStdin('another good one')(...set)).stdout, 'another good one')
  const piped = await run(process.execPath, [toriiFile, ...set], {
    environment: embeddedEnvironment(folder),
    input: 'a third good one\n',
  })
  t.match(piped, { code: 0, stderr: '', stdout: /^User 10001 \(amber\) must change it/ })
  const large = await run(process.execPath, [toriiFile, ...set], {
    environment: embeddedEnvironment(folder),
    input: 'x'.repeat(1_000_000),
  })
  t.match(large, { code: 1, stdout: '', stderr: /too short or too long/ })

  t.match(await torii('user', 'set-password', 'unknown'), { code: 1, stderr: /no user has the name unknown/ })
  await ask(torii, 'user', 'disable', 'amber', '--reason', 'x')
  t.match(await torii('user', 'set-password', 'amber'), { code: 1, stderr: /disabled: enable it first/ })
  const other = { ...embeddedEnvironment(folder), TORII__SECURITY__KEY_FILE: join(folder, 'other.key') }
  await ask(createTorii(other), 'key', 'create')
  for (const args of [
    ['set-password', 'amber'],
    ['add', 'beryl'],
  ])
    t.match(await createTorii(other)('user', ...args), {
      code: 1,
      stderr: /security\.keyFile: this is not the server key that the database was made with/,
    })
})
