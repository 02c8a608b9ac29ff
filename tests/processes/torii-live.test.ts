import { randomBytes } from 'node:crypto'
import { cpSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import Database from 'libsql'
import { createConnection } from 'mysql2/promise'
import t from 'tap'
import { codes } from '../harness/codes.ts'
import { printTime } from '../harness/print-time.ts'
import {
  type Environment,
  embeddedEnvironment,
  type ServerProcess,
  spawnServer,
  testServers,
} from '../harness/test-server.ts'
import {
  ask,
  call,
  createFolder,
  createTorii,
  createToriiProcess,
  login,
  register,
  run,
} from '../tools/torii-process.ts'
import { hasServers, openEmbedded, openMariadb, type Tap, type World, worlds } from './live-worlds.ts'

t.setTimeout(400_000)

/** The time from the change in the database, or from when it could be tried, until each server acts by it. */
const timeNotice = async (
  world: World,
  change: () => Promise<unknown>,
  isNoticed: (server: ServerProcess) => Promise<boolean>,
  knownAt = () => 0,
): Promise<number> => {
  const watches = world.servers.map(async (server) => {
    const deadline = Date.now() + 30_000
    while (!(await isNoticed(server))) {
      if (Date.now() > deadline) throw new Error('never noticed')
      await new Promise((resolve) => setTimeout(resolve, 10))
    }
    return Date.now()
  })
  const [noticedAt] = await Promise.all([Promise.all(watches), change()])
  const { changedAt } = await world.db.write
    .selectFrom('changeLog')
    .select('changedAt')
    .orderBy('version', 'desc')
    .limit(1)
    .executeTakeFirstOrThrow()
  return Math.max(...noticedAt) - Math.max(changedAt, knownAt())
}

for (const [name, open] of worlds) {
  t.test(`${name}: running servers notice within a second what is changed`, async (t) => {
    const world = await open(t)
    const { torii, app, servers, environment } = world
    const [server] = servers
    if (!server) throw new Error('no server')
    const echo = (it: ServerProcess, as = app) => call(it, as, '/v1/echo')
    const check = async (
      what: string,
      args: string[],
      isNoticed: (server: ServerProcess) => Promise<boolean>,
    ) => {
      let reply: Record<string, unknown> = {}
      const change = async () => {
        reply = await ask(torii, ...args)
      }
      printTime(t, `${name}: ${what} is noticed`, await timeNotice(world, change, isNoticed), 10_000)
      return reply
    }
    const answers =
      (code: number, as = app) =>
      async (it: ServerProcess) =>
        (await echo(it, as)).code === code

    const banArgs = ['ip', 'ban', '127.0.0.1', '--for', '1h', '--reason', 'guesses passwords']
    await check('a ban', banArgs, answers(codes.ADDRESS_BANNED))
    t.match(await echo(server), { code: codes.ADDRESS_BANNED, reason: 'guesses passwords' })
    await check('the end of a ban', ['ip', 'unban', '127.0.0.1'], answers(codes.OK))
    const range = ['ip', 'ban', '127.0.0.0/8', '--until', '2099-01-01', '--reason', 'x']
    await check('the ban of a range', range, answers(codes.ADDRESS_BANNED))
    await check('its end', ['ip', 'unban', '127.0.0.0/8'], answers(codes.OK))

    const { tickets, user } = (await register(server, app, 'alice')) as unknown as {
      tickets: { a2: string; skey: string }
      user: { userId: string }
    }
    const session = (it: ServerProcess, token: string) => call(it, app, '/v1/session', { token })
    t.match(await session(server, tickets.skey), { code: codes.TICKET_VALID })
    await check('a disabled user', ['user', 'disable', user.userId, '--reason', 'x'], async (it) => {
      const { code, reason } = await session(it, tickets.skey)
      return code === codes.TICKET_ENDED && reason === 'disabled'
    })
    for (const it of servers) {
      t.match(await session(it, tickets.a2), { code: codes.TICKET_ENDED, reason: 'disabled' })
      const exchange = { token: tickets.a2, to: 'skey' }
      t.match(await call(it, app, '/v1/ticket/exchange', exchange), {
        code: codes.NOT_LOGGED_IN,
        reason: 'disabled',
      })
      t.match(await login(it, app, 'alice'), { code: codes.ACCOUNT_DISABLED })
    }
    await ask(torii, 'user', 'enable', 'alice')
    for (const it of servers) {
      const again = (await login(it, app, 'alice')) as unknown as { code: number; tickets: { skey: string } }
      t.equal(again.code, codes.LOGGED_IN)
      t.match(await session(it, again.tickets.skey), { code: codes.TICKET_VALID })
      t.match(
        await session(it, tickets.skey),
        { code: codes.TICKET_ENDED, reason: 'disabled' },
        'the old one stays ended',
      )
    }

    await check('a disabled app', ['app', 'disable', app.appId], answers(codes.APP_DISABLED))
    await check('an enabled app', ['app', 'enable', app.appId], answers(codes.OK))
    let fresh = app
    let printedAt = 0
    const heard = (text: string) => {
      const appSecret = /"appsecret": *"([^"]+)"/.exec(text)?.[1]
      if (appSecret === undefined || fresh !== app) return
      printedAt = Date.now()
      fresh = { ...app, appSecret }
    }
    const ms = await timeNotice(
      world,
      () => ask(createToriiProcess(environment, heard), 'app', 'rotate', app.appId),
      async (it) => fresh !== app && (await echo(it, fresh)).code === codes.OK,
      () => printedAt,
    )
    printTime(t, `${name}: a new secret is good`, ms, 10_000)
    for (const it of servers) t.match(await echo(it), { code: codes.OK }, 'the old secret is good too')
    await check(
      'the end of the old secret',
      ['app', 'rotate', app.appId, '--finish'],
      answers(codes.APP_REFUSED),
    )
    for (const it of servers) t.match(await echo(it, fresh), { code: codes.OK })
  })
}

const startFrom = async (t: Tap, environment: Environment) => {
  const server = await spawnServer(environment)
  t.teardown(() => server.stop())
  return server
}

t.test('a backup of a live embedded server under writes is whole, and serves the same users', async (t) => {
  const { servers, app, torii, environment } = await openEmbedded(t)
  const [server] = servers
  if (!server) throw new Error('no server')
  const { stdout: before } = await torii('doctor', '--json')
  t.match(JSON.parse(before).state, 'warning')
  const first = (await register(server, app, 'user-first')) as unknown as { tickets: { a2: string } }
  const registered: string[] = []
  let isOver = false
  const write = async (writer: number) => {
    for (let count = 0; !isOver; count++) {
      const name = `user-${writer}-${count}`
      const { code } = await register(server, app, name)
      if (code !== codes.REGISTERED) throw new Error(`${name}: ${code}`)
      registered.push(name)
    }
  }
  const writers = [write(1), write(2), write(3)]
  const folder = createFolder(t)
  const destination = join(folder, 'a folder/backup')
  while (registered.length < 30) await new Promise((resolve) => setTimeout(resolve, 10))
  const old = [...registered]
  const made = await ask<{ bytes: number; fingerprint: string }>(torii, 'backup', destination)
  const during = registered.length - old.length
  isOver = true
  await Promise.all(writers)
  t.comment(`${made.bytes} bytes with ${old.length} users; ${during} registered while it was made`)
  t.ok(during > 0, 'the server went on')

  t.equal(statSync(destination).mode & 0o777, 0o700)
  t.strictSame(readdirSync(destination).sort(), ['server.key', 'torii.sqlite'])
  for (const name of ['server.key', 'torii.sqlite'])
    t.equal(statSync(join(destination, name)).mode & 0o777, 0o600)
  const copy = new Database(join(destination, 'torii.sqlite'), { readonly: true })
  t.strictSame(copy.prepare('PRAGMA integrity_check').all(), [{ integrity_check: 'ok' }])
  copy.close()
  t.equal(
    readFileSync(join(destination, 'server.key'), 'utf8'),
    readFileSync(environment.TORII__SECURITY__KEY_FILE ?? '', 'utf8'),
  )
  t.match(await torii('backup', destination), { code: 1, stderr: /is not empty: name a new folder/ })

  const restored = { ...environment, ...embeddedEnvironment(destination) }
  const second = await startFrom(t, restored)
  for (const name of old) t.match(await login(second, app, name), { code: codes.LOGGED_IN }, name)
  const exchange = { token: first.tickets.a2, to: 'skey' }
  t.match(await call(second, app, '/v1/ticket/exchange', exchange), { code: codes.OK }, 'an A2 is still good')
  const { user } = (await register(second, app, 'newcomer')) as unknown as { user: { userId: string } }
  t.ok(Number(user.userId) > 10_000 + old.length, `the numbers go on: ${user.userId}`)

  const otherKey = { ...restored, TORII__SECURITY__KEY_FILE: join(folder, 'other.key') }
  await ask(createTorii(otherKey), 'key', 'create')
  await second.stop()
  await t.rejects(
    spawnServer(otherKey),
    /ended with 1:[\s\S]*not the server key that the database was made with/,
  )
  const refused = join(folder, 'refused')
  t.match(await createTorii(otherKey)('backup', refused), { code: 1, stderr: /nothing was backed up/ })
  t.throws(() => statSync(refused), { code: 'ENOENT' })
})

t.test('a failed backup leaves nothing behind', async (t) => {
  const { torii, environment } = await openEmbedded(t)
  const folder = createFolder(t)
  cpSync(environment.TORII__DATABASE__FILE ?? '', join(folder, 'torii.sqlite'))
  t.match(await torii('backup', join(folder, 'torii.sqlite')), {
    code: 1,
    stderr: /^torii: .*torii\.sqlite is there and is no folder: .*\n$/,
  })
  const noKey = createTorii({ ...environment, TORII__SECURITY__KEY_FILE: join(folder, 'none.key') })
  t.match(await noKey('backup', join(folder, 'b')), { code: 1, stderr: /^torii: .*none\.key.*\n$/ })
  t.strictSame(readdirSync(folder), ['torii.sqlite'])
})

if (hasServers) {
  t.test('for MariaDB the printed command makes a dump that serves the same users', async (t) => {
    const { servers, app, torii, environment } = await openMariadb(t)
    const [server] = servers
    if (!server) throw new Error('no server')
    await register(server, app, 'alice')
    const folder = mkdtempSync(join(tmpdir(), "torii-it's a backup-"))
    t.teardown(() => rmSync(folder, { recursive: true, force: true }))
    const text = await torii('backup', join(folder, 'text'))
    t.match(text, { code: 0, stdout: /\n\(umask 077 && mariadb-dump .* --password .* > .*torii\.sql'\)\n/ })
    const destination = join(folder, 'b')
    const { command } = await ask<{ command: string }>(torii, 'backup', destination)
    const { primary } = testServers()
    t.notMatch(command, primary.password)

    // Without a terminal it takes the password from its input.
    const dumped = await run('setsid', ['--wait', 'sh', '-c', command], { input: `${primary.password}\n` })
    t.match(dumped, { code: 0 })
    const file = join(destination, 'torii.sql')
    for (const name of ['torii.sql', 'server.key'])
      t.equal(statSync(join(destination, name)).mode & 0o777, 0o600)

    const database = `torii_${randomBytes(6).toString('hex')}`
    const { host, port, user, password } = primary
    const connection = await createConnection({ host, port, user, password })
    t.teardown(() => connection.end())
    await connection.query(`CREATE DATABASE ${database} CHARACTER SET utf8mb4 COLLATE utf8mb4_bin`)
    t.teardown(() => connection.query(`DROP DATABASE ${database}`))
    const client = ['-h', host, '-P', String(port), '-u', user, '--protocol=TCP', database]
    const loaded = await run('mariadb', client, {
      environment: { MYSQL_PWD: password },
      input: readFileSync(file, 'utf8'),
    })
    t.match(loaded, { code: 0, stderr: '' })
    const withoutReplica = Object.entries(environment).filter(
      ([key]) => !key.startsWith('TORII__DATABASE__READ'),
    )
    const restored = await startFrom(t, {
      ...Object.fromEntries(withoutReplica),
      TORII__DATABASE__WRITE__0__DATABASE: database,
      TORII__SECURITY__KEY_FILE: join(destination, 'server.key'),
    })
    t.match(await login(restored, app, 'alice'), { code: codes.LOGGED_IN })
  })
}
