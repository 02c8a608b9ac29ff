/** The scripts of tests/qa as they are run by hand: against a good server, and against wrong ones. */
import { execFile } from 'node:child_process'
import { readFile, stat, writeFile } from 'node:fs/promises'
import { createServer, type RequestListener } from 'node:http'
import type { AddressInfo } from 'node:net'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import t, { type Test } from 'tap'
import { worlds } from '../client/worlds.ts'
import { codes } from '../harness/codes.ts'
import { type Environment, spawnServer } from '../harness/test-server.ts'

const script = fileURLToPath(import.meta.resolve('#root/dist/tests/qa/run.js'))

type Result = { exitCode: number; out: string; error: string }

const runQa = (words: string[], environment: Environment = {}): Promise<Result> =>
  new Promise((resolve) => {
    const env = { PATH: process.env.PATH ?? '', ...environment }
    const child = execFile(process.execPath, [script, ...words], { env }, (_error, out, error) =>
      resolve({ exitCode: child.exitCode ?? -1, out, error }),
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
    const server = await spawnServer(world.environment)
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
  isBad(
    t,
    await runQa([]),
    /^qa: expected one script of gettotptoken, encrypt, smoke, wordfilter, sqlconnect\n$/,
  )
  isBad(t, await runQa(['toString']), /^qa: expected one script/)
  isBad(t, await runQa(['smoke', 'encrypt']), /^qa: expected one script/)
  isBad(t, await runQa(['smoke', '--app', 'a']), /^qa: smoke: expected --secret\n$/)
  isBad(t, await runQa(['smoke', '--frob']), /^qa: Unknown option '--frob'/)
  isBad(t, await runQa(['encrypt']), /^qa: expected --device, or --app and --secret\n$/)
  isBad(t, await runQa(['encrypt', '--url', 'nowhere']), /^qa: --url: not a URL: nowhere\n$/)
  isBad(t, await runQa(['sqlconnect'], { TORII__DATABASE__FILE: '/nowhere/at.all' }), /no database there\n$/)
  isBad(t, await runQa(['sqlconnect'], { TORII_CONFIG: '/nowhere.json' }), /nowhere\.json does not exist/)
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
