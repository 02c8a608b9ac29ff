import {
  chmodSync,
  chownSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { join } from 'node:path'
import Database from 'libsql'
import t from 'tap'
import {
  readAppId,
  readDuration,
  readLine,
  readMinStrength,
  readMoment,
  readNetwork,
  readOrigin,
} from '../../tools/console/values.ts'
import { codes } from '../harness/codes.ts'
import { embeddedEnvironment, spawnServer } from '../harness/test-server.ts'
import {
  ask,
  call,
  createFolder,
  createTorii,
  createToriiProcess,
  inTurns,
  login,
  register,
  run,
} from './torii-process.ts'

t.setTimeout(400_000)

const commands = [
  'friends recount',
  'migrate status',
  'migrate up',
  'app add',
  'app list',
  'app show',
  'app rotate',
  'app set',
  'app remove',
  'app disable',
  'app enable',
  'business add',
  'business list',
  'business set',
  'business remove',
  'device list',
  'device remove',
  'ip ban',
  'ip unban',
  'ip list',
  'user list',
  'user add',
  'user show',
  'user set-password',
  'user logins',
  'user logout',
  'user set',
  'user unlock',
  'user disable',
  'user enable',
  'role grant',
  'role revoke',
  'role list',
  'user remove',
  'password status',
  'password finish',
  'outbox list',
  'outbox show',
  'outbox retry',
  'outbox test mail',
  'outbox test sms',
  'webhook add',
  'webhook list',
  'webhook set',
  'webhook remove',
  'webhook rotate',
  'webhook test',
  'webhook dead',
  'webhook replay',
  'provider list',
  'provider test',
  'key create',
  'key list',
  'key rotate',
  'key retire',
  'doctor',
  'store clear',
  'reset',
  'backup',
]

/** Embedded, migrated, without a server. */
const openDatabase = async (t: { teardown(end: () => unknown): void }) => {
  const folder = createFolder(t)
  const file = join(folder, 'torii.sqlite')
  const torii = createTorii(embeddedEnvironment(folder))
  await ask(torii, 'migrate', 'up')
  return { folder, file, torii }
}

t.test('help lists every command in one line and shows an example of each', async (t) => {
  const torii = createTorii({})
  const { code, stdout, stderr } = await torii('--help')
  t.match({ code, stderr }, { code: 0, stderr: '' })
  for (const command of commands)
    t.match(stdout, new RegExp(`^  ${command}( <\\w+>)* {2,}[A-Z].+$`, 'm'), command)
  await inTurns([...commands, 'migrate', 'app', 'business', 'ip', 'user', 'key'], async (command) => {
    const { code, stdout } = await torii(...command.split(' '), '--help')
    t.equal(code, 0)
    t.match(stdout, new RegExp(`\\nExample:\\n {2}torii ${command}`), command)
    t.match(stdout, '--json')
    t.match(stdout, '--config')
  })
  t.match(await torii('help', 'app'), { code: 0, stdout: 'app rotate <id>' })
  t.match(await torii('--version'), { code: 0, stdout: /^\d+\.\d+\.\d+\n$/ })
})

const ban = ['ip', 'ban', '192.0.2.1', '--reason', 'x']
const wrong: readonly (readonly [args: string[], says: RegExp])[] = [
  [[], /name a command \(app, backup, business, device, .*, word\); "torii --help" tells more/],
  [['app'], /name a command \(add, list, .*\); "torii app --help"/],
  [['migrate'], /name a command \(status, up\)/],
  [['nothing'], /unknown command 'nothing'/],
  [['app', 'lst'], /unknown command 'lst' \(Did you mean list\?\)/],
  [['migrate', 'down'], /unknown command 'down'/],
  [['app', 'list', 'more'], /too many arguments/],
  [['app', 'list', '--color'], /unknown option '--color'/],
  [['app', 'list', '--config'], /argument missing/],
  [['app', 'add'], /missing required argument 'name'/],
  [['app', 'add', 'a\u001b[31mb'], /a\\u001b\[31mb.*one line of 1 to 100 characters/],
  [['app', 'add', 'x', '--min-strength', '3'], /Expected 0 .* or 2/],
  [['key', 'rotate', 'salt'], /one of at-rest, pepper, identity, rsa/],
  [['app', 'add', 'x', '--origin', 'https://a.example/path'], /without a path/],
  [['app', 'rotate', "' OR 1=1"], /Expected an app id/],
  [['ip', 'ban', '192.0.2.1', '--for', '2h'], /--reason <text>' not specified/],
  [ban, /say how long: --for 2h, or --until/],
  [[...ban, '--for', '2h', '--until', '2099-01-01'], /can(not|'t) be used with/],
  [[...ban, '--for', '2'], /Expected a time such as 10m, 2h or 7d/],
  [[...ban, '--until', '2001-01-01T00:00Z'], /this one is over/],
  [['ip', 'unban', 'localhost'], /Expected an address/],
  [['user', 'disable', 'alice'], /--reason <text>' not specified/],
  [['app', 'set', 'x', '--origin', 'https://a.example/path'], /without a path/],
  [['app', 'set', 'x', '--friend-defaults', '31'], /Expected chat, viewInfo, .* or none/],
  [['app', 'set', 'x', '--stranger-defaults', 'chat,fly'], /Expected chat, viewInfo, .* or none/],
  [['app', 'set', 'x', '--profile-schema', '/nowhere.json'], /nowhere.json: ENOENT/],
  [['webhook', 'add', 'http://shop.example/', '--app', 'x'], /Expected https:/],
  [['webhook', 'add', 'https://shop.example/', '--app', 'x', '--events', 'a.b'], /There is no event "a.b"/],
  [['backup'], /missing required argument 'folder'/],
]

t.test('values are read strictly: a mistake is never a guess', async (t) => {
  const refused: readonly (readonly [read: (text: string) => unknown, texts: string[]])[] = [
    [readDuration, ['', '2', '0m', '-1h', '1.5h', '2 h', '2w', '999999999d']],
    [
      readMoment,
      ['', 'tomorrow', '2099', '2099-02-31', '2099-13-01', '2099-01-01 10:00', '1e99', '9999-01-01'],
    ],
    [
      readNetwork,
      ['', '10', '010.0.0.1', '1.2.3', '192.0.2.1/33', '192.0.2.1/24/8', '192.0.2.1/', 'a.example'],
    ],
    [readNetwork, ['0.0.0.0/0', '10.0.0.0/7', '::/0', '2001::/15', '::ffff:1.2.3.4/96']],
    [
      readOrigin,
      [
        '',
        'a.example',
        'ftp://a.example',
        'https://a.example/x',
        'https://u:p@a.example',
        'https://a.example?',
      ],
    ],
    [readLine(5), ['', '  ', '123456', 'a\nb', 'a\u0000']],
    [readAppId, ['', 'a b', 'é', 'x'.repeat(65)]],
    [readMinStrength, ['', '-1', '3', 'x']],
  ]
  for (const [read, texts] of refused) {
    for (const text of texts)
      t.throws(() => read(text), { name: 'InvalidArgumentError' }, JSON.stringify(text))
  }
  t.equal(readDuration('90m'), 5_400_000)
  t.equal(readMoment('2099-01-31T08:00+02:00'), Date.UTC(2099, 0, 31, 6))
  t.equal(readMoment('2099-01-31T08:00'), Date.UTC(2099, 0, 31, 8), 'UTC without a zone')
  t.equal(readNetwork('192.0.2.77/24'), '192.0.2.0/24')
  t.equal(readNetwork('::ffff:192.0.2.1'), '192.0.2.1/32')
  t.equal(readNetwork('2001:DB8::1'), '2001:db8::/64')
  t.equal(readOrigin('HTTPS://A.example:443/'), 'https://a.example')
})

t.test('wrong usage ends with 2 and one line that says what was expected', async (t) => {
  const folder = createFolder(t)
  const torii = createTorii(embeddedEnvironment(folder))
  await inTurns(wrong, async ([args, says]) => {
    const { code, stdout, stderr } = await torii(...args)
    t.equal(code, 2, args.join(' '))
    t.equal(stdout, '')
    t.match(stderr, /^torii: .+\n$/)
    t.match(stderr, says)
  })
  t.strictSame(readdirSync(folder), [], 'nothing was made')
})

t.test('only migrate up makes a database; the others say that there is none', async (t) => {
  const folder = createFolder(t)
  const environment = embeddedEnvironment(join(folder, 'data'))
  const torii = createTorii(environment)
  const calls = [
    ['app', 'list'],
    [...ban, '--for', '1h'],
    ['backup', join(folder, 'backup')],
  ]
  await inTurns(calls, async (args) => {
    const { code, stdout, stderr } = await torii(...args)
    t.match({ code, stdout }, { code: 1, stdout: '' }, args.join(' '))
    t.match(
      stderr,
      /^torii: there is no database at .*torii\.sqlite: .*"torii migrate up".*TORII_CONFIG.*\n$/,
    )
  })
  const status = await ask<{ name: string; state: string; startedAt: null; doneAt: null }[]>(
    torii,
    'migrate',
    'status',
  )
  t.strictSame(status[0], { name: '0001_apps.1', state: 'pending', startedAt: null, doneAt: null })
  for (const dry of [
    ['migrate', '--dry-run'],
    ['migrate', 'up', '--dry-run'],
  ]) {
    t.match(await torii(...dry), { code: 0, stdout: /^-- 0001_apps\.1\nCREATE TABLE "apps" [^;]+;\n-- 0002/ })
  }
  t.strictSame(readdirSync(folder), [], 'nothing was made')

  t.match(await torii('migrate', 'up'), {
    code: 0,
    stdout: /^0001_apps\.1\n(.+\n)+.*torii\.sqlite has them now\n$/,
  })
  t.equal(statSync(join(folder, 'data')).mode & 0o777, 0o700)
  t.equal(statSync(join(folder, 'data/torii.sqlite')).mode & 0o777, 0o600)
  t.strictSame(await ask(torii, 'migrate', 'up'), { ran: [] })
  t.match(await torii('migrate', 'status'), {
    code: 0,
    stdout: /0001_apps\.1 +done +\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ\n/,
  })
})

t.test('refuses a database that lacks migrations, and one that is none', async (t) => {
  const { folder, file, torii } = await openDatabase(t)
  const database = new Database(file)
  database.exec("DELETE FROM migrations WHERE name = '0012_settings.1'")
  database.close()
  t.match(await torii('app', 'list'), { code: 1, stderr: /lacks 1 migrations: run "torii migrate up"\n$/ })
  t.match(await torii('migrate', 'status'), { code: 0, stdout: /lacks 1 of them: run "torii migrate up"\n$/ })
  t.match(await torii('migrate', 'up'), {
    code: 1,
    stderr: /^torii: migration 0012_settings\.1 failed: .*\n$/,
  })

  writeFileSync(
    join(folder, 'text.sqlite'),
    'no database at all, but long enough to be taken for one'.repeat(50),
  )
  const other = createTorii({
    ...embeddedEnvironment(folder),
    TORII__DATABASE__FILE: join(folder, 'text.sqlite'),
  })
  t.match(await other('app', 'list'), {
    code: 1,
    stderr: /^torii: .*file is not a database.*restore a backup.*\n$/,
  })
})

t.test(
  'the configuration comes from --config before TORII_CONFIG, and what is wrong in it is one line',
  async (t) => {
    const { folder, file } = await openDatabase(t)
    const defaults = JSON.parse(
      readFileSync(new URL(import.meta.resolve('#root/config/default.json')), 'utf8'),
    )
    const write = (name: string, database: object) =>
      writeFileSync(
        join(folder, name),
        JSON.stringify({ ...defaults, database: { ...defaults.database, ...database } }),
      )
    write('good.json', { file })
    write('bad.json', { fil: file })
    const torii = createTorii({ TORII_CONFIG: join(folder, 'bad.json') }, folder)
    t.match(await torii('app', 'list', '--config', 'good.json'), { code: 0, stdout: /has no app yet\n$/ })
    t.match(await torii('app', 'list'), {
      code: 1,
      stdout: '',
      stderr: /^torii: database\.fil: no such setting, .*bad\.json; did you mean database\.file\?\n$/,
    })
    t.match(await torii('app', 'list', '--config', 'none.json'), {
      code: 1,
      stderr: /^torii: .*none\.json does not exist\n$/,
    })
  },
)

t.test('adds, shows, rotates and disables apps', async (t) => {
  const { file, torii } = await openDatabase(t)
  const added = await ask<Record<string, string>>(
    torii,
    ...['app', 'add', '商店', '--public', '--min-strength', '1'],
    ...[
      '--origin',
      'https://a.example/',
      '--origin',
      'http://localhost:3000',
      '--origin',
      'https://a.example',
    ],
  )
  t.match(added, { appid: /^[A-Za-z0-9]{16}$/, appsecret: /^[A-Za-z0-9]{32}$/, createdAt: /^\d{4}-.*Z$/ })
  const { appid = '', appsecret, ...rest } = added
  t.match(rest, {
    name: '商店',
    public: true,
    minStrength: 1,
    origins: ['https://a.example', 'http://localhost:3000'],
    disabled: false,
    rotating: false,
  })
  t.strictSame(await ask(torii, 'app', 'show', appid), { appid, ...rest })
  t.strictSame(await ask(torii, 'app', 'list'), [{ appid, ...rest }])

  const text = await torii('app', 'add', 'Web shop')
  t.match(
    text.stdout,
    /^appid +[A-Za-z0-9]{16}\nappsecret +[A-Za-z0-9]{32}\nname +Web shop\nstate +enabled\n/,
  )
  t.match(text.stdout, `Added in ${file}.`)
  const { stdout } = await torii('app', 'list')
  const [head = '', ...rows] = stdout.trimEnd().split('\n')
  t.equal(rows.length, 2)
  // A Chinese letter takes two columns.
  t.equal(rows[0]?.indexOf('enabled'), head.indexOf('state') - 2)
  t.equal(rows[1]?.indexOf('enabled'), head.indexOf('state'))

  const rotated = await ask(torii, 'app', 'rotate', appid)
  t.match(rotated, { appid, appsecret: /^[A-Za-z0-9]{32}$/ })
  t.not(rotated.appsecret, appsecret)
  t.match(await torii('app', 'rotate', appid), { code: 1, stderr: /two good secrets already.*--finish/ })
  t.match(await ask(torii, 'app', 'show', appid), { rotating: true })
  t.match(await torii('app', 'rotate', appid, '--finish'), { code: 0, stdout: /Only the newest secret/ })
  t.match(await torii('app', 'rotate', appid, '--finish'), { code: 1, stderr: /nothing to finish/ })

  t.strictSame(await ask(torii, 'app', 'disable', appid), { appid, disabled: true, changed: true })
  t.match(await torii('app', 'disable', appid), { code: 0, stdout: /was disabled already/ })
  t.strictSame(await ask(torii, 'app', 'enable', appid), { appid, disabled: false, changed: true })

  const unknown = [['show'], ['rotate', '--finish'], ['disable']]
  await inTurns(unknown, async ([verb = '', ...more]) => {
    t.match(await torii('app', verb, 'unknown', ...more), {
      code: 1,
      stderr: /^torii: no app has the id unknown.*\n$/,
    })
  })
  t.match(await torii('app', 'add', 'x', '--public'), { code: 1, stderr: /--origin/ })
})

t.test('bans, lists and unbans addresses and ranges', async (t) => {
  const { file, torii } = await openDatabase(t)
  t.match(await torii('ip', 'list'), { code: 0, stdout: /has no ban\n$/ })
  const before = Date.now()
  const made = await ask<Record<string, string>>(
    torii,
    'ip',
    'ban',
    '::ffff:192.0.2.1',
    '--for',
    '2h',
    '--reason',
    'a b',
  )
  t.match(made, { network: '192.0.2.1/32', reason: 'a b' })
  const leftMs = Date.parse(made.until ?? '') - before
  t.ok(leftMs >= 7_200_000 && leftMs < 7_230_000, `${leftMs} ms`)
  const until = '2099-01-31T08:00+02:00'
  t.match(await torii('ip', 'ban', '2001:db8::1', '--until', until, '--reason', 'x'), {
    code: 0,
    stdout: `2001:db8::/64 is banned until 2099-01-31T06:00:00Z, in ${file}. Running servers notice`,
  })
  await ask(torii, 'ip', 'ban', '192.0.2.0/24', '--until', '2099-01-31', '--reason', 'x')
  t.match(await torii('ip', 'list'), {
    code: 0,
    stdout:
      /^network +until +since +reason\n192\.0\.2\.0\/24 +2099-01-31T00:00:00Z +\d{4}.*Z {2}x\n192\.0\.2\.1\/32.*a b\n2001/,
  })
  t.match(await ask(torii, 'ip', 'list'), [
    { network: '192.0.2.0/24' },
    made,
    { until: '2099-01-31T06:00:00.000Z' },
  ])
  t.match(await torii('ip', 'unban', '192.0.2.7'), {
    code: 1,
    stderr: /not banned.*"torii ip unban 192\.0\.2\.0\/24"/,
  })
  t.strictSame(await ask(torii, 'ip', 'unban', '192.0.2.1'), { network: '192.0.2.1/32', banned: true })
  t.match(await torii('ip', 'unban', '192.0.2.0/24'), { code: 0, stdout: /banned no more/ })
  t.match(await torii('ip', 'unban', '192.0.2.0/24'), { code: 1, stderr: /^torii: .*not banned, in .*\n$/ })
})

t.test('shows, disables and enables users, and nothing that a caller named moves the cursor', async (t) => {
  const folder = createFolder(t)
  const server = await spawnServer(embeddedEnvironment(folder))
  t.teardown(() => server.stop())
  const { app } = server
  if (!app) throw new Error('no demo app')
  const torii = createTorii(embeddedEnvironment(folder))
  await register(server, app, 'Álice')
  const device = { type: 'phone', device: 'x\u202etxt\u2066' }
  await call(server, app, '/v1/login', {
    login: 'álice',
    clientHash: 'abcdefghijklmnopqrstuvwxyz01234',
    device,
  })

  const shown = await ask<{ logins: Record<string, string>[] }>(torii, 'user', 'show', 'ÁLICE')
  t.match(shown, { userId: '10001', userName: 'Álice', status: 'active', reason: '', createdAt: /Z$/ })
  t.match(shown.logins, [
    { appid: app.appId, loggedInAt: /Z$/, expiresAt: /Z$/, endedAt: null, endReason: null },
    {},
  ])
  for (const more of [[], ['--json']]) {
    const { stdout } = await torii('user', 'show', '10001', ...more)
    t.notOk(/[^\P{C}\n]/u.test(stdout), 'all of it is seen')
  }
  await register(server, app, 'Bob')
  const [first, second] = await ask<Record<string, string>[]>(torii, 'user', 'list')
  t.match(first, { userId: '10001', userName: 'Álice', status: 'active', createdAt: /Z$/ })
  t.match(second, { userId: '10002', userName: 'Bob' })
  t.match(await torii('user', 'list', '--most', '1'), {
    code: 0,
    stdout: /\nMore: torii user list --after 10001\n$/,
  })
  t.match(await ask(torii, 'user', 'list', '--after', '10001'), [{ userId: '10002' }])
  t.match(await torii('user', 'list', '--after', '10002'), { code: 0, stdout: /has no user after 10002\n$/ })
  t.match(await torii('user', 'list', '--most', '0'), { code: 2, stderr: /a number from 1 to 1000/ })
  t.strictSame(await ask(torii, 'user', 'disable', 'álice', '--reason', 'asked for'), {
    ...{ userId: '10001', status: 'disabled', until: null, changed: true },
  })
  t.match(await torii('user', 'disable', '10001', '--reason', 'asked for'), {
    code: 0,
    stdout: /is disabled already, for good and for this reason/,
  })
  t.match(await torii('user', 'show', '10001'), {
    code: 0,
    stdout: /\nstatus +disabled for good: asked for\n(.*\n)*.*Z disabled /,
  })
  t.match(await login(server, app, 'álice'), { code: codes.ACCOUNT_DISABLED, why: 'asked for' })
  const until = '2030-01-31T08:00:00.000Z'
  t.strictSame(await ask(torii, 'user', 'disable', '10001', '--until', until, '--reason', 'less'), {
    ...{ userId: '10001', status: 'disabled', until, changed: true },
  })
  t.match(await login(server, app, 'álice'), { until: Date.parse(until) / 1_000, why: 'less' })
  t.match(await torii('user', 'disable', '10001', '--until', '2001-01-01', '--reason', 'x'), { code: 2 })
  const search = ['--capability', 'search']
  t.match(await ask(torii, 'user', 'disable', 'Bob', ...search, '--for', '7d', '--reason', 'harvests'), {
    ...{ userId: '10002', status: 'active', capability: 'search', until: String, changed: true },
  })
  t.match(await ask(torii, 'user', 'show', 'Bob'), {
    status: 'active',
    withheld: [{ capability: 'search', reason: 'harvests', until: /Z$/ }],
  })
  t.match(await torii('user', 'show', 'Bob'), { stdout: /\nwithheld +search until .*Z: harvests\n/ })
  t.match(await torii('user', 'enable', 'Bob', ...search), { stdout: /^search is given back to user 10002/ })
  t.match(await torii('user', 'enable', 'Bob', ...search), {
    stdout: /^search was not withheld from user 10002/,
  })
  t.match(await torii('user', 'enable', 'álice'), {
    code: 0,
    stdout: /^User 10001 \(álice\) is active now, in .*\n$/,
  })
  t.match(await login(server, app, 'álice'), { code: codes.LOGGED_IN })
  const wrong = { login: 'álice', clientHash: '.'.repeat(31) }
  for (let n = 0; n < 5; n++)
    t.match(await call(server, app, '/v1/login', wrong), { code: codes.LOGIN_FAILED })
  t.match(await login(server, app, 'álice'), { code: codes.TOO_OFTEN })
  t.match(await torii('user', 'show', 'álice'), {
    stdout: /\nfailures +5 in a row; waiting: 127\.0\.0\.0\/24 until .*Z\n/,
  })
  t.match(await torii('user', 'unlock', 'álice'), {
    code: 0,
    stdout: /^The failed logins of user 10001 \(álice\) are forgotten, in .*\n$/,
  })
  t.match(await torii('user', 'unlock', '10001'), { code: 0, stdout: /has no failed logins/ })
  t.match(await login(server, app, 'álice'), { code: codes.LOGGED_IN })
  await t.test('grants, lists and revokes roles', async (t) => {
    t.match(await torii('role', 'list'), { code: 0, stdout: /has no user with a role\n$/ })
    t.match(await torii('role', 'grant', 'Bob', 'support'), {
      stdout: /^User 10002 \(Bob\) is support everywhere now, in .*support may disableUsers/,
    })
    t.match(await torii('role', 'grant', '10002', 'support'), { stdout: /was support everywhere already/ })
    t.match(await torii('role', 'grant', 'Bob', 'moderator', '--app', app.appId), {
      stdout: /The server gives moderator no right; backends that ask are shown it/,
    })
    t.match(await ask(torii, 'role', 'list'), [
      { role: 'moderator', userId: '10002', appid: app.appId, rights: [] },
      { role: 'support', userId: '10002', appid: null, rights: ['disableUsers'], grantedAt: /Z$/ },
    ])
    t.match(await ask(torii, 'role', 'list', '--role', 'admin'), [])
    t.match(await torii('user', 'show', 'Bob'), {
      stdout: new RegExp(`\\nroles +moderator \\(app ${app.appId}\\), support\\n`),
    })
    t.match(await torii('role', 'revoke', 'Bob', 'support'), { stdout: /is no longer support everywhere/ })
    t.match(await torii('role', 'revoke', 'Bob', 'support'), { stdout: /was not support everywhere/ })
    const refused: [args: string[], says: RegExp][] = [
      [['Bob', 'user'], /every user has the role user/],
      [['Bob', 'Support'], /a name such as support/],
      [['Bob', 'x', '--app', 'none'], /no app has the id none/],
      [['Nobody', 'support'], /no user has the name Nobody/],
    ]
    for (const [args, says] of refused)
      t.match(await torii('role', 'grant', ...args), { code: Number, stderr: says }, args.join(' '))
  })
  await t.test('shows and ends logins, and sets device slots', async (t) => {
    t.match(await login(server, app, 'álice'), { code: codes.LOGGED_IN })
    const [newest, older] = await ask<Record<string, string>[]>(torii, 'user', 'logins', 'álice')
    t.match(newest, { login: /^[0-9a-f]{32}$/, appid: app.appId, network: '127.0.0.0/24', loggedInAt: /Z$/ })
    const id = newest?.login ?? ''
    t.match(await torii('user', 'logout', 'álice', '--login', id), {
      code: 0,
      stdout: new RegExp(`^Login ${id} of user 10001 \\(álice\\) ends, in `),
    })
    t.match(await torii('user', 'logout', 'álice', '--login', id), { code: 0, stdout: /had ended already/ })
    t.match(await torii('user', 'logout', '10002', '--login', id), { code: 1, stderr: /10002 has no login/ })
    t.match(await torii('user', 'logout', '10002', '--login', 'x'), { code: 2, stderr: /32 hexadecimal/ })
    t.same((await ask<Record<string, string>[]>(torii, 'user', 'logins', 'álice'))[0]?.login, older?.login)
    t.match(await torii('user', 'logout', 'álice'), { code: 0, stdout: /^Every login of user 10001/ })
    t.match(await torii('user', 'logins', 'álice'), { code: 0, stdout: /is not logged in, in / })

    t.match(await torii('user', 'set', 'álice', '--devices', 'family'), {
      code: 1,
      stderr: /a group of devices/,
    })
    t.match(await torii('user', 'set', 'álice', '--devices', 'all=1,policy=refuse'), { code: 0 })
    t.match(await login(server, app, 'álice'), { code: codes.LOGGED_IN })
    t.match(await login(server, app, 'álice'), { code: codes.NO_DEVICE_SLOT })
    t.match(await torii('user', 'set', 'álice', '--devices', 'default'), { code: 0 })
    t.match(await login(server, app, 'álice'), { code: codes.LOGGED_IN })
  })
  t.match(await torii('user', 'enable', 'unknown'), {
    code: 1,
    stderr: 'torii: no user has the name unknown\n',
  })
  t.match(await torii('user', 'show', '10003'), { code: 1, stderr: 'torii: no user has the number 10003\n' })
})

t.test('lists and removes devices, and escapes what no reader sees', async (t) => {
  const folder = createFolder(t)
  const server = await spawnServer(embeddedEnvironment(folder))
  t.teardown(() => server.stop())
  const { app } = server
  if (!app) throw new Error('no demo app')
  const torii = createTorii(embeddedEnvironment(folder))
  t.match(await torii('device', 'list', '--app', app.appId), {
    code: 0,
    stdout: `${app.appId} has no device\n`,
  })
  t.match(await torii('device', 'list', '--app', 'none'), { code: 1, stderr: /no app has the id none/ })
  const name = 'a\u3164\ufe0f\u2800b'
  const { body } = await server.send({
    method: 'GET',
    url: `/v1/totp?n=${app.appId}&s=${app.appSecret}&type=phone&device=${encodeURIComponent(name)}`,
    headers: {},
  })
  const device = JSON.parse(body).totp_token as string
  t.match(await ask(torii, 'device', 'list', '--app', app.appId), [
    { device, appid: app.appId, type: 'phone', name, lastSeenAt: null },
  ])
  for (const more of [[], ['--json']]) {
    const { stdout } = await torii('device', 'list', '--app', app.appId, ...more)
    t.match(stdout, 'a\\u3164\\ufe0f\\u2800b')
  }
  t.strictSame(await ask(torii, 'device', 'remove', device), { device, removed: true })
  t.match(await torii('device', 'remove', device), { code: 1, stderr: /there is no device/ })
  t.match(await torii('device', 'remove', 'x'), { code: 2, stderr: /32 hexadecimal digits/ })
  t.strictSame(await ask(torii, 'device', 'list', '--app', app.appId), [])
})

t.test('writes a server key once, readable by its owner only', async (t) => {
  const folder = createFolder(t)
  const keyFile = join(folder, 'keys/server.key')
  const torii = createTorii({ TORII__SECURITY__KEY_FILE: keyFile })
  const made = await ask(torii, 'key', 'create')
  t.match(made, { keyFile, fingerprint: /^[0-9a-f]{32}$/ })
  t.equal(statSync(keyFile).mode & 0o777, 0o600)
  t.equal(statSync(join(folder, 'keys')).mode & 0o777, 0o700)
  const text = readFileSync(keyFile, 'utf8')
  t.match(await torii('key', 'create'), {
    code: 1,
    stderr: /^torii: .*server\.key is there already and stays.*\n$/,
  })
  t.equal(readFileSync(keyFile, 'utf8'), text)
  const other = join(folder, 'other.key')
  t.match(await createTorii({ TORII__SECURITY__KEY_FILE: other })('key', 'create'), { stdout: /Keep a copy/ })
  const given = createTorii({
    TORII__SECURITY__SERVER_KEY: text,
    TORII__SECURITY__KEY_FILE: join(folder, 'third.key'),
  })
  t.match(await given('key', 'create'), { code: 1, stderr: /security\.serverKey is set/ })
  t.notOk(existsSync(join(folder, 'third.key')))
})

t.test('as a process it answers, refuses and complains the same', async (t) => {
  const folder = createFolder(t)
  const torii = createToriiProcess(embeddedEnvironment(folder))
  t.match(await torii('--version'), { code: 0, stdout: /^\d+\.\d+\.\d+\n$/, stderr: '' })
  t.match(await torii('migrate', 'up'), { code: 0, stdout: /torii\.sqlite has them now\n$/, stderr: '' })
  t.match(await torii('app', 'lst'), { code: 2, stdout: '', stderr: /^torii: unknown command 'lst'.*\n$/ })
  t.match(await torii('app', 'show', 'none'), { code: 1, stdout: '', stderr: /^torii: no app has the id/ })
})

t.test('a reader that goes away early is no error', async (t) => {
  const { folder, torii } = await openDatabase(t)
  for (let count = 0; count < 2; count++) await ask(torii, 'app', 'add', `app ${count}`)
  const file = new URL(import.meta.resolve('#root/dist/tools/torii.js')).pathname
  const { stderr } = await run('sh', ['-c', `"${process.execPath}" "${file}" app list | true`], {
    environment: embeddedEnvironment(folder),
  })
  t.equal(stderr, '')
})

t.test('a backup goes into a new folder of ours, and is one of a server', async (t) => {
  const { folder, file, torii } = await openDatabase(t)
  await ask(torii, 'key', 'create')
  const open = join(folder, 'open')
  mkdirSync(open)
  chmodSync(open, 0o777)
  const isRoot = process.geteuid?.() === 0
  const foreign = join(folder, 'foreign')
  mkdirSync(foreign)
  if (isRoot) chownSync(foreign, 65_534, 65_534)
  symlinkSync(open, join(folder, 'link'))
  const refused: [to: string, says: RegExp][] = [
    [join(open, 'backup'), /every user may write to .*open: name a new folder in a place of your own/],
    [join(folder, 'link'), /link is there and is no folder/],
    [join(folder, 'link', 'backup'), /every user may write to .*open/],
    ...(isRoot
      ? ([
          [foreign, /foreign belongs to another user \(65534\)/],
          [join(foreign, 'backup'), /foreign belongs to another user \(65534\)/],
        ] as [string, RegExp][])
      : []),
  ]
  for (const [to, says] of refused)
    t.match(await torii('backup', to), { code: 1, stdout: '', stderr: says }, to)
  t.strictSame(readdirSync(open), [])
  t.strictSame(readdirSync(foreign), [], 'no draft is left')

  const empty = join(folder, 'empty')
  mkdirSync(empty)
  chmodSync(empty, 0o755)
  await ask(torii, 'backup', empty)
  t.equal(statSync(empty).mode & 0o777, 0o700, 'the empty folder is replaced')
  t.strictSame(readdirSync(empty).sort(), ['server.key', 'torii.sqlite'])

  const other = join(folder, 'other.sqlite')
  const database = new Database(other)
  database.exec('CREATE TABLE something (a INTEGER)')
  database.close()
  const wrong = createTorii({ ...embeddedEnvironment(folder), TORII__DATABASE__FILE: other })
  t.match(await wrong('backup', join(folder, 'none')), {
    code: 1,
    stderr: /no table migrations: is it the database of your server/,
  })
  t.notOk(existsSync(join(folder, 'none')))
  t.ok(existsSync(file))
})

t.test('audit events name the person who acted; key and backup leave one', async (t) => {
  const { folder, file, torii } = await openDatabase(t)
  const before = new Set(['key.created', 'key.added', 'key.used', 'backup.made', 'app.added', 'ban.added'])
  await ask(torii, 'key', 'create')
  await ask(torii, 'key', 'rotate', 'identity')
  await ask(torii, 'key', 'rotate', 'identity', '--finish')
  await ask(torii, 'backup', join(folder, 'backup'))
  await ask(torii, 'app', 'add', 'x')
  const sudo = createTorii({ ...embeddedEnvironment(folder), SUDO_USER: 'alice' })
  await ask(sudo, ...ban, '--for', '1h')
  const database = new Database(file, { readonly: true })
  const rows = database.prepare('SELECT kind, detail FROM audit_events ORDER BY event_id').all() as {
    kind: string
    detail: string
  }[]
  database.close()
  t.strictSame(new Set(rows.map(({ kind }) => kind)), before)
  for (const { kind, detail } of rows)
    t.match(JSON.parse(detail).by, kind === 'ban.added' ? /^cli:\S+ \(alice\)$/ : /^cli:\S+$/, kind)
})

type ListedKey = { ring: string; id: string; isCurrent: boolean; name: string; publicKey: string }

t.test('keys are rotated in two steps, and what is in use is never lost', async (t) => {
  const folder = createFolder(t)
  const environment = embeddedEnvironment(folder)
  const torii = createTorii(environment)
  await ask(torii, 'key', 'create')
  const list = async (ring: string) =>
    (await ask<{ keys: ListedKey[] }>(torii, 'key', 'list')).keys.filter((key) => key.ring === ring)
  const inUse = async (ring: string) => (await list(ring)).map(({ id, isCurrent }) => [id, isCurrent])
  const [first] = await list('identity')
  t.match(first, { id: 'k1', isCurrent: true, name: /^[0-9a-f]{16}$/, publicKey: /^[A-Za-z0-9+/]{43}=$/ })
  t.strictSame(await list('rsa'), [])

  for (const ring of ['identity', 'pepper', 'at-rest']) {
    t.match(await torii('key', 'rotate', ring, '--finish'), { code: 1, stderr: /rotate first/ })
    t.match(await ask(torii, 'key', 'rotate', ring), { ring, id: 'k2' })
    t.strictSame(
      await inUse(ring),
      [
        ['k1', true],
        ['k2', false],
      ],
      `${ring}: known, not used`,
    )
    t.match(await torii('key', 'rotate', ring), { code: 1, stderr: /k2 waits to be used/ })
    t.match(await ask(torii, 'key', 'rotate', ring, '--finish'), { ring, id: 'k2' })
    t.strictSame(
      await inUse(ring),
      [
        ['k1', false],
        ['k2', true],
      ],
      `${ring}: used`,
    )
  }
  t.match(await ask(torii, 'key', 'rotate', 'rsa'), { id: 'k1' })
  t.match(await list('rsa'), [{ id: 'k1', isCurrent: true, name: /^-?\d+$/ }])
  t.match(await torii('key', 'retire', 'identity', 'k2'), { code: 1, stderr: /k2 is in use/ })
  t.match(await torii('key', 'retire', 'identity', 'k7'), { code: 1, stderr: /no key k7/ })
  t.match(await torii('key', 'retire', 'pepper', 'k1'), { code: 1, stderr: /keys of pepper stay/ })
  await ask(torii, 'key', 'retire', 'identity', 'k1')
  t.strictSame(await inUse('identity'), [['k2', true]])
  const files = readdirSync(folder)
  t.equal(files.length, 1, 'no draft is left')
  t.equal(statSync(join(folder, files[0] ?? '')).mode & 0o777, 0o600)
  t.equal(JSON.stringify(await ask(torii, 'key', 'list')).includes('PRIVATE'), false)
})
