/** The programs of docs/examples, run as their first lines say, with the packed SDK. */
import { readdirSync, readFileSync } from 'node:fs'
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { build } from 'rolldown'
import t from 'tap'
import { createClient } from '../../src/client/index.ts'
import { loadConfig } from '../../src/config/load.ts'
import { findProgram } from '../../tools/test/programs.ts'
import { createActs } from '../features/webhooks/world.ts'
import { codes } from '../harness/codes.ts'
import { until } from '../harness/test-server.ts'
import { openExamples, runProgram, startProgram } from './examples-app.ts'
import { root } from './packed-client.ts'

t.setTimeout(300_000)

const password = 'correct horse'
const folder = join(root, 'docs', 'examples')

t.test('each example is short, says what it shows, and is listed', async (t) => {
  const names = readdirSync(folder, { recursive: true, encoding: 'utf8' })
  const files = names.filter((name) => /\.(html|mjs|tsx?|vue|py|php|go|java)$/.test(name))
  const page = readFileSync(join(folder, 'README.md'), 'utf8')
  for (const name of files) {
    const lines = readFileSync(join(folder, name), 'utf8').split('\n')
    t.ok(lines.length <= (name.startsWith('sms-') ? 80 : 60), `${name}: ${lines.length} lines`)
    if (/(index\.html|vite\.config\.ts)$/.test(name)) continue
    t.match(
      lines.slice(0, 3).join('\n'),
      /^(<\?php\n)?(<!doctype html>\n)?(\/\/|\/\*\*|"""|<!--)/,
      `${name} begins with a comment`,
    )
    t.ok(page.includes(`(${name})`), `${name} is in the table`)
  }
})

t.test('the examples run', async (t) => {
  const { examples, world, backend, server } = await openExamples(t)
  const { appId, appSecret } = world.app
  const client = createClient({ url: server.url, ...world.app })
  await client.register({ userName: 'amber', password })
  const { skey } = await client.exchange()
  const environment = { TORII_URL: server.url, TORII_APPID: appId, TORII_APPSECRET: appSecret }
  const ofBackend = {
    ...environment,
    TORII_APPID: backend.appId,
    TORII_APPSECRET: backend.appSecret,
    PORT: '0',
  }

  /** Languages that Node does not bring; a machine without one still runs the rest. */
  const languages: { command: string; words: string[]; name: string }[] = [
    { command: 'python3', words: [], name: 'py' },
    { command: 'php', words: [], name: 'php' },
    { command: 'go', words: ['run'], name: 'go' },
  ]

  for (const { command, words, name } of languages) {
    if (findProgram(command) === undefined) {
      t.comment(`not run, ${command} is not installed: client.${name}, backend.${name}`)
      continue
    }
    t.test(`client.${name} logs in and out`, async (t) => {
      const run = (word: string) =>
        runProgram(command, [...words, `client.${name}`, 'amber', word], examples, environment)
      const { code, lines, errors } = await run(password)
      t.same([code, lines, errors], [0, ['logged in as amber', 'logged out: logged-out'], []])
      const wrong = await run('wrong')
      t.equal(wrong.code, 1)
      t.match(wrong.errors[0], new RegExp(`^${codes.LOGIN_FAILED} `))
    })
    t.test(`backend.${name} checks a ticket`, async (t) => {
      const run = (token: string, more = {}) =>
        runProgram(command, [...words, `backend.${name}`, token], examples, { ...ofBackend, ...more })
      t.match(await run(skey), { code: 0, lines: ['amber'] })
      // Of the last character some bits do not count.
      const other = `${skey.slice(0, -2)}${skey.at(-2) === 'A' ? 'B' : 'A'}${skey.at(-1)}`
      t.match(await run(other), { code: 1, lines: ['not logged in'] })
      const away = await run(skey, { TORII_URL: 'http://127.0.0.1:1' })
      t.not(away.code, 0)
      t.same(
        away.lines.filter((line) => /^not logged in|^amber/.test(line)),
        [],
        'no answer is no verdict',
      )
      const refused = await run(skey, { TORII_APPSECRET: 'x'.repeat(32) })
      t.not(refused.code, 0)
      t.same(
        refused.lines.filter((line) => /^not logged in|^amber/.test(line)),
        [],
        'nor is a wrong secret',
      )
    })
  }

  const checkService = async (address: string) => {
    const ask = async (token: string) => {
      const reply = await fetch(`${address}/me`, { headers: { authorization: `Bearer ${token}` } })
      return [reply.status, await reply.json()]
    }
    return [await ask(skey), await ask('nonsense')]
  }
  const good = [
    [200, { hello: 'amber' }],
    [401, { error: 'NOT_LOGGED_IN' }],
  ]

  // A route handler is a function of a Request; Next.js itself is not installed for it.
  await build({
    input: join(examples, 'next', 'route.ts'),
    external: [/^@torii/],
    output: { file: join(examples, 'next', 'route.js') },
  })
  await writeFile(
    join(examples, 'next.mjs'),
    `import { serve } from '@hono/node-server'
import { GET } from './next/route.js'
serve({ fetch: GET, port: 0 }, ({ port }) => console.log('http://127.0.0.1:' + port))
`,
  )
  for (const name of ['express.mjs', 'fastify.mjs', 'hono.mjs', 'next.mjs']) {
    t.test(`${name} checks the logins of its callers`, async (t) => {
      const start = (more = {}) =>
        startProgram(t, process.execPath, [name], examples, { ...ofBackend, ...more })
      t.same(await checkService(await start()), good)
      const away = await checkService(await start({ TORII_URL: 'http://127.0.0.1:1' }))
      t.same(away[0], [503, { error: 'UNREACHABLE' }])
    })
  }

  t.test('webhook-express.mjs forgets the cached ticket of a user whose login ended', async (t) => {
    const config = loadConfig(world.environment)
    const { add, record, admin } = createActs(world.db, config)
    const { webhookId, secret } = await add(backend.appId, 'http://127.0.0.1:1/')
    const given = { ...ofBackend, WEBHOOK_SECRET: secret }
    const address = await startProgram(t, process.execPath, ['webhook-express.mjs'], examples, given)
    await admin.webhooks.set(webhookId, { url: `${address}/torii` })
    const { user } = await client.login({ login: 'amber', password })
    const session = await client.exchange()
    const status = async () =>
      (await fetch(`${address}/me`, { headers: { authorization: `Bearer ${session.skey}` } })).status
    t.equal(await status(), 200)
    await client.logout()
    const unsigned = await fetch(`${address}/torii`, { method: 'POST', body: '{}' })
    t.equal(unsigned.status, 401)
    const { appId } = world.app
    const userId = Number(user.userId)
    await record({ userId, kind: 'login.ended', appId, detail: { reason: 'logged-out' } })
    await until('the ticket is forgotten', async () => (await status()) === 401, 20_000)
    await admin.webhooks.remove(webhookId)
  })

  t.test('mobile.mjs resumes its login at the second start, also when the network was away', async (t) => {
    const { keys } = await (await fetch(`${server.url}/v1/server-keys`)).json()
    const run = (words: string[], more = {}) => {
      const given = { ...environment, TORII_SERVER_KEY: keys[0]?.publicKey ?? '', ...more }
      return runProgram(process.execPath, ['mobile.mjs', 'kept.json', ...words], examples, given)
    }
    t.match(await run(['amber', password]), { code: 0, lines: ['asking for the password', 'hello amber'] })
    t.match(await run([], { TORII_URL: 'http://127.0.0.1:1' }), { code: 1, lines: ['no network'] })
    t.same((await run([])).lines, ['hello amber'])
    const other = Buffer.alloc(32, 9).toString('base64')
    const wrong = await run(['amber', password], { TORII_SERVER_KEY: other })
    t.match(wrong, { code: 1, lines: [/^SERVER_NOT_TRUSTED: /] }, 'a server with another key gets nothing')
  })

  t.test('LoginFilter.java can be parsed', async (t) => {
    if (findProgram('javac') === undefined) {
      t.comment('not run: javac is not installed')
      return
    }
    const words = ['-XDshould-stop.ifNoError=PARSE', '-XDshould-stop.ifError=PARSE', '-d', examples]
    const { code, lines, errors } = await runProgram('javac', [...words, 'LoginFilter.java'], examples)
    t.same([code, lines, errors], [0, [], []])
    await writeFile(join(examples, 'Wrong.java'), 'class Wrong { void broken( { } }')
    t.equal((await runProgram('javac', [...words, 'Wrong.java'], examples)).code, 1, 'a fault is found')
  })
})
