/** The scripts of tests/qa as they are run by hand: against a good server, and against wrong ones. */
import { execFile } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { mkdir, mkdtemp, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises'
import { createServer, type RequestListener } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { transformSync } from 'rolldown/utils'
import t, { type Test } from 'tap'
import { openEmbedded, worlds } from '../client/worlds.ts'
import { codes } from '../harness/codes.ts'
import { type Environment, spawnServer } from '../harness/test-server.ts'

const script = fileURLToPath(import.meta.resolve('#root/dist/tests/qa/run.js'))

type Result = { exitCode: number; out: string; error: string }

/** Results are kept below the working folder. */
const cwd = await mkdtemp(join(tmpdir(), 'torii-qa-'))
t.teardown(() => rm(cwd, { recursive: true, force: true }))

const runQa = (words: string[], environment: Environment = {}): Promise<Result> =>
  new Promise((resolve) => {
    const env = { PATH: process.env.PATH ?? '', ...environment }
    const child = execFile(process.execPath, [script, ...words], { cwd, env }, (_error, out, error) =>
      resolve({ exitCode: child.exitCode ?? -1, out, error }),
    )
  })

const torii = fileURLToPath(import.meta.resolve('#root/dist/tools/torii.js'))

const runTorii = (words: string[], environment: Environment): Promise<void> =>
  new Promise((resolve, reject) => {
    const env = { PATH: process.env.PATH ?? '', ...environment }
    execFile(process.execPath, [torii, ...words], { cwd, env }, (error) =>
      error ? reject(error) : resolve(),
    )
  })

const isGood = (t: Test, { exitCode, out, error }: Result, says: RegExp) => {
  t.equal(error, '')
  t.match(out, says)
  t.equal(exitCode, 0)
}

const isBad = (t: Test, { exitCode, error }: Result, says: RegExp) => {
  t.match(error, says)
  t.equal(error.trim().split('\n').length, 1, 'one line')
  t.equal(exitCode, 1)
}

/** A server that answers what it should not. */
const openWrong = async (t: Test, listener: RequestListener) => {
  const server = createServer(listener).listen(0, '127.0.0.1')
  await new Promise((done) => server.once('listening', done))
  t.teardown(() => server.close())
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`
}

// Every step is a process, on two busy cores.
t.setTimeout(180_000)

for (const { name, open } of worlds) {
  t.test(name, async (t) => {
    const world = await open()
    const server = await spawnServer({ ...world.environment, TORII__CODES__RESEND_SECONDS: '1' })
    t.teardown(async () => {
      await server.stop()
      await world.close()
    })
    const { appId, appSecret } = world.app
    const app = ['--url', server.url, '--app', appId, '--secret', appSecret]

    t.test('smoke passes a whole round', async (t) => {
      const result = await runQa(['smoke', ...app])
      isGood(t, result, /\nsmoke: 9 steps passed\n$/)
      const steps = result.out.match(/^ok {2}[a-z ]+?(?= {2})/gm)
      t.same(
        steps?.map((line) => line.slice(4)),
        [
          ...['provision', 'echo', 'register', 'login', 'wrong password', 'session', 'exchange', 'logout'],
          'session ended',
        ],
      )
    })

    t.test('register saves a login, session checks it, and login makes another one', async (t) => {
      const userName = `qa-${randomBytes(6).toString('hex')}`
      isGood(t, await runQa(['register', userName, 'pass word', ...app]), /saved +data\/qa\/login\.json\n$/)
      isGood(t, await runQa(['session', ...app]), new RegExp(`"userName":"${userName}"[\\s\\S]*ends +2`))
      for (const form of ['json', 'totp', 'sealed']) {
        const out = join(cwd, `${form}.json`)
        const result = await runQa(['login', userName, 'pass word', '--form', form, '--out', out, ...app])
        isGood(t, result, new RegExp(`"userName":"${userName}"`))
        const { tickets } = JSON.parse(await readFile(out, 'utf8'))
        isGood(t, await runQa(['session', tickets.skey, '--form', form, ...app]), /"code":1030200/)
      }
      isGood(
        t,
        await runQa(['devices', userName, 'pass word', ...app]),
        /named +QA bench[\s\S]*logged out +[1-9]/,
      )
      const wrong = await runQa(['login', userName, 'wrong', ...app])
      isBad(t, wrong, new RegExp(`^qa: /v1/login: expected 1020100, got ${codes.LOGIN_FAILED} `))
      const ended = await runQa(['session', `sk_${'a'.repeat(64)}`, ...app])
      isBad(t, ended, new RegExp(`^qa: /v1/session: expected 1030200, got ${codes.NOT_LOGGED_IN} `))
    })

    t.test('signup registers by e-mail, and resetpassword sets another password', async (t) => {
      const email = `qa-${randomBytes(6).toString('hex')}@mail.example`
      isGood(
        t,
        await runQa(['signup', email, 'pass word', ...app]),
        /code +\d{6}[\s\S]*saved +data\/qa\/login\.json\n$/,
      )
      isGood(t, await runQa(['session', ...app]), /"code":1030200/)
      isGood(t, await runQa(['resetpassword', email, 'other word', ...app]), /code +\d{6}[\s\S]*saved +/)
      isGood(t, await runQa(['login', email, 'other word', ...app]), /"user/)
      isBad(t, await runQa(['login', email, 'pass word', ...app]), /got 2040204 /)
    })

    t.test('profiles, finding users, friends, and whether a ticket is good', async (t) => {
      const [amber, onyx] = [randomBytes(6).toString('hex'), randomBytes(6).toString('hex')] as const
      const names = [`qa-${amber}`, `qa-${onyx}`] as const
      for (const name of names) isGood(t, await runQa(['register', name, 'pass word', ...app]), /saved/)
      const [first, second] = names
      const edit = ['userinfoedit', first, 'pass word', `nickName=琥珀${amber}`, 'age=33', ...app]
      isGood(t, await runQa(edit), /age +33/)
      isGood(t, await runQa(['userinfo', first, 'pass word', ...app]), new RegExp(`nickName +"琥珀${amber}"`))
      const search = ['searchuser', second, 'pass word', 'nickName', `琥珀${amber}`, ...app]
      isGood(t, await runQa(search), /found +1\n$/)
      const nothing = ['searchuser', second, 'pass word', 'nickName', '%%', ...app]
      isGood(t, await runQa(nothing), /found +0\n$/)
      const closed = await runQa(['friends', first, 'pass word', second, 'pass word', ...app])
      isBad(t, closed, new RegExp(`got ${codes.FRIENDS_OFF} `))
      const { tickets } = JSON.parse(await readFile(join(cwd, 'data/qa/login.json'), 'utf8'))
      isGood(t, await runQa(['chktoken', tickets.skey, ...app]), new RegExp(`good +skey of ${second}\n$`))
      const unknown = await runQa(['chktoken', `sk_${'a'.repeat(64)}`, ...app])
      isBad(t, unknown, new RegExp(`/v1/session: ${codes.NOT_LOGGED_IN} `))
      await runTorii(['app', 'set', appId, '--friends', 'friend'], world.environment)
      // The server notices within a second, and a script that is refused changes nothing.
      const deadline = Date.now() + 15_000
      let friends = closed
      while (friends.exitCode !== 0 && Date.now() < deadline) {
        friends = await runQa(['friends', first, 'pass word', second, 'pass word', ...app])
      }
      isGood(t, friends, /remark +QA friend[\s\S]*unblocked/)
    })

    t.test('hello, keys and the sealed envelope are as protocol.md says', async (t) => {
      isGood(t, await runQa(['hello', ...app]), /stage +waitlogin[\s\S]*stage +needlogin\n$/)
      isGood(
        t,
        await runQa(['key-exchange', ...app]),
        /version 1, twofish128[\s\S]*version 2, ChaCha20-Poly1305/,
      )
      isGood(t, await runQa(['key-exchange', '--form', 'totp', ...app]), /version 2, AES-256-GCM/)
      isGood(t, await runQa(['sealed', ...app]), /ChaCha20-Poly1305: what was sent came back/)
    })

    if (name.startsWith('SQLite'))
      t.test('wrong credentials are refused in one line', async (t) => {
        const wrong = ['--url', server.url, '--app', appId, '--secret', 'x'.repeat(32)]
        isBad(t, await runQa(['smoke', ...wrong]), /^qa: APP_REFUSED 2020401: /)
        isBad(t, await runQa(['gettotptoken', ...wrong]), /^qa: provisioning was refused: 2020401 /)
        isBad(t, await runQa(['encrypt', ...wrong]), /^qa: provisioning was refused: 2020401 /)
      })

    t.test('gettotptoken saves a device, and encrypt uses it', async (t) => {
      const out = join(t.testdir(), 'totpsecret.json')
      isGood(t, await runQa(['gettotptoken', ...app, '--out', out]), /saved +.*totpsecret\.json\n$/)
      t.equal((await stat(out)).mode & 0o777, 0o600)
      const saved = JSON.parse(await readFile(out, 'utf8'))
      t.match(saved, { totp_secret: /^[A-Z2-7]{32}$/, totp_token: /^[0-9a-f]{32}$/ })
      const echo = await runQa(['encrypt', '--url', server.url, '--device', out])
      isGood(t, echo, /what was sent came back\n$/)
      const steps = echo.out.trim().split('\n')
      t.ok(
        steps.every((line) => /^\d{4}-\d\d-\d\dT[\d:.]{12}Z {2}\w+ /.test(line)),
        'each step has its time',
      )
      const there = ['JSON', 'TOTP', 'MD5', 'XXTEA', 'base64', 'variant', 'request', 'reply', 'variant']
      t.same(
        steps.slice(0, 9).map((line) => line.split(/ +/)[1]),
        there,
      )

      isGood(t, await runQa(['encrypt', ...app]), /what was sent came back\n$/)
      const j = steps.find((line) => / variant {2,}/.test(line))?.split(/ +/)[2] ?? ''
      const time = steps[0]?.split(' ')[0] ?? ''
      isGood(t, await runQa(['read', j, time, '--device', out]), /text +\{"apiver":1,"text":/)
      isBad(t, await runQa(['read', j, '2020-01-01', '--device', out]), /^qa: no key of that minute opens it/)
      const plain = Buffer.from('{"a":1}').toString('base64url')
      isGood(t, await runQa(['read', plain]), /text +\{"a":1\}\n$/)
      isBad(t, await runQa(['read', j]), /^qa: not plain JSON/)

      const wrong = { ...saved, totp_secret: 'A'.repeat(32) }
      await writeFile(out, JSON.stringify(wrong))
      isBad(t, await runQa(['encrypt', '--url', server.url, '--device', out]), /^qa: refused: 2020408 /)
      await writeFile(out, '{}')
      isBad(
        t,
        await runQa(['encrypt', '--url', server.url, '--device', out]),
        /^qa: .*that gettotptoken saves/,
      )
    })

    t.test('sqlconnect prints the versions of both pools', async (t) => {
      const result = await runQa(['sqlconnect'], world.environment)
      const version = name.startsWith('SQLite') ? /3\.\d+\.\d+/ : /\d+\.\d+\.\d+-MariaDB/
      isGood(t, result, /write +the pool answers: .*\n.*read +the pool answers: .*\n$/)
      t.match(result.out, version)
      const away = { TORII__DATABASE__WRITE__0__PORT: '9', TORII__DATABASE__WRITE__0__HOST: '127.0.0.1' }
      isBad(
        t,
        await runQa(['sqlconnect'], { ...world.environment, ...away }),
        /^qa: write host 127\.0\.0\.1:9/,
      )
    })
  })
}

t.test('wrong usage is one line', async (t) => {
  isBad(t, await runQa([]), /^qa: expected one script of chktoken, devices, .*, or --help\n$/)
  isBad(t, await runQa(['toString']), /^qa: expected one script/)
  isBad(t, await runQa(['smoke', 'encrypt']), /^qa: smoke takes no texts: encrypt\n$/)
  isBad(t, await runQa(['smoke', '--app', 'a']), /^qa: smoke: expected --secret\n$/)
  isBad(t, await runQa(['smoke', '--frob']), /^qa: Unknown option '--frob'/)
  isBad(t, await runQa(['encrypt']), /^qa: expected --device, or --app and --secret\n$/)
  isBad(t, await runQa(['encrypt', '--url', 'nowhere']), /^qa: --url: not a URL: nowhere\n$/)
  isBad(t, await runQa(['sqlconnect'], { TORII__DATABASE__FILE: '/nowhere/at.all' }), /no database there\n$/)
  isBad(t, await runQa(['sqlconnect'], { TORII_CONFIG: '/nowhere.json' }), /nowhere\.json does not exist/)
})

t.test('--help names every file of scripts/', async (t) => {
  const { out, exitCode } = await runQa(['--help'])
  t.equal(exitCode, 0)
  const files = await readdir(fileURLToPath(import.meta.resolve('#root/tests/qa/scripts')))
  t.same(
    [...out.matchAll(/^ {2}([a-z-]+)/gm)].map(([, name]) => `${name}.ts`),
    files.sort(),
  )
})

t.test('new writes a script that runs', async (t) => {
  isBad(t, await runQa(['new', 'Bad/Name']), /^qa: new: expected a name/)
  isBad(t, await runQa(['new', 'fresh']), /^qa: new: tests\/qa\/scripts\/fresh\.ts: /)
  const folder = join(cwd, 'tests', 'qa', 'scripts')
  await mkdir(folder, { recursive: true })
  isGood(t, await runQa(['new', 'fresh']), /written +tests\/qa\/scripts\/fresh\.ts\n$/)
  isBad(t, await runQa(['new', 'fresh']), /is there already\n$/)

  const world = await openEmbedded()
  const server = await spawnServer(world.environment)
  t.teardown(async () => {
    await server.stop()
    await world.close()
  })
  const source = await readFile(join(folder, 'fresh.ts'), 'utf8')
  const { code } = transformSync('fresh.ts', source, { typescript: { onlyRemoveTypeImports: true } })
  const built = dirname(script)
  await writeFile(
    join(folder, 'fresh.mjs'),
    code.replaceAll(/'\.\.\/(\w+)\.ts'|"\.\.\/(\w+)\.ts"/g, `'${built}/$1$2.js'`),
  )
  const { run } = await import(join(folder, 'fresh.mjs'))
  await run({ url: server.url, app: world.app.appId, secret: world.app.appSecret, form: 'json', texts: [] })
})

t.test('a script waits when it called too often', async (t) => {
  let calls = 0
  const url = await openWrong(t, (_request, response) => {
    calls++
    if (calls === 1) response.setHeader('retry-after', '1')
    response.end(JSON.stringify({ code: calls === 1 ? codes.TOO_OFTEN : codes.APP_REFUSED, msg: 'no' }))
  })
  const { out, error } = await runQa(['gettotptoken', '--url', url, '--app', 'a', '--secret', 's'.repeat(32)])
  t.match(out, /wait +TOO_OFTEN: once more in 1 s\n/)
  t.match(error, /^qa: provisioning was refused: /)
  t.equal(calls, 2)
})

t.test('a missing server or a wrong reply is reported in one line', async (t) => {
  const app = ['--app', 'a', '--secret', 's'.repeat(32)]
  const away = ['--url', 'http://127.0.0.1:49', ...app]
  isBad(t, await runQa(['gettotptoken', ...away]), /^qa: http:\/\/127\.0\.0\.1:49\/v1\/totp does not answer/)
  isBad(t, await runQa(['smoke', ...away]), /^qa: UNREACHABLE: The server did not answer/)

  let reply: object | string = ''
  const url = await openWrong(t, (_request, response) => {
    response.end(typeof reply === 'string' ? reply : JSON.stringify(reply))
  })
  const out = join(t.testdir(), 'device.json')
  const get = () => runQa(['gettotptoken', '--url', url, ...app, '--out', out])
  const seconds = Math.floor(Date.now() / 1_000)
  const good = {
    code: codes.OK,
    totp_secret: 'A'.repeat(32),
    totp_token: '0'.repeat(32),
    totp_code: 1,
    appname: 'a',
  }
  reply = '<html>\nno\n</html>'
  isBad(t, await get(), /^qa: not JSON: <html>/)
  isBad(t, await runQa(['smoke', '--url', url, ...app]), /^qa: REPLY_UNREADABLE: /)
  reply = { ...good, totp_secret: 'short' }
  isBad(t, await get(), /^qa: totp_secret: expected 32 characters/)
  reply = { ...good, time: seconds - 120 }
  isBad(t, await get(), /^qa: the clocks differ by -1\d\d s/)
  reply = { ...good, time: seconds }
  isBad(t, await get(), /^qa: totp_code: expected \d+, got 1\n$/)
  reply = { ...good, time: seconds, appname: 'other' }
  isBad(t, await get(), /^qa: appname: expected a, got other\n$/)
  await t.rejects(stat(out), 'nothing was saved')
  await writeFile(out, JSON.stringify(good))
  reply = Buffer.alloc(64, 7).toString('base64url')
  const echo = await runQa(['encrypt', '--url', url, '--device', out])
  isBad(t, echo, /^qa: no code of this minute opens the reply\n$/)
  t.equal(dirname(out), t.testdirName)
})
