/** `torii word` beside running servers, with each source; and the QA script. */
import { execFile } from 'node:child_process'
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import t, { type Test } from 'tap'
import { codes } from '../harness/codes.ts'
import {
  type Environment,
  embeddedEnvironment,
  openShared,
  spawnServer,
  testServers,
  until,
} from '../harness/test-server.ts'
import { ask, call, createFolder, createTorii, createToriiProcess, run } from '../tools/torii-process.ts'

t.setTimeout(180_000)

const lines = Array.from({ length: 100_000 }, (_, at) => `敏感${at.toString(36)}词|${at}`)

const qa = (...args: string[]): Promise<{ code: number; out: string; error: string }> =>
  new Promise((resolve) => {
    const script = fileURLToPath(import.meta.resolve('#root/dist/tests/qa/run.js'))
    const child = execFile(process.execPath, [script, ...args], (_error, out, error) =>
      resolve({ code: child.exitCode ?? -1, out, error }),
    )
  })

/** An import of 100,000 lines, then what a server says of a name and of a text. */
const useList = async (t: Test, environment: Environment) => {
  const server = await spawnServer(environment)
  t.teardown(server.stop)
  const torii = createToriiProcess(environment)
  const folder = createFolder(t)
  const file = join(folder, 'words.txt')
  writeFileSync(file, `${lines.join('\r\n')}\n下&滥\n`)
  const imported = await ask(torii, 'word', 'import', file)
  t.match(imported, { read: 100_001, kept: 100_001, words: 100_001, encodings: ['UTF-8'] })
  t.comment(`imported in ${imported.seconds} s, to ${imported.place}`)
  const { appid: appId, appsecret: appSecret } = await ask<Record<string, string>>(
    torii,
    'app',
    'add',
    'words',
  )
  await torii('app', 'set', String(appId), '--may', 'words')
  const app = { appId: String(appId), appSecret: String(appSecret) }
  const check = (text: string) => call(server, app, '/v1/words/check', { text })
  const reply = await until(
    'the list counts',
    async () => {
      const json = await check('x 敏感2s词 下③滥')
      return json.isClean === false && json
    },
    30_000,
  )
  t.match(reply, { text: 'x ***** ***', hits: [{ word: '敏感2s词' }, { word: '下&滥' }] })
  const user = { userName: 'fine name', nickName: '我敏感2s词' }
  const json = await call(server, app, '/v1/register', {
    regmode: 'anonymous',
    user,
    password: 'pass word',
  })
  t.match(json, { code: codes.WORD_FORBIDDEN, info: 'user.nickName' })
  const exported = join(folder, 'list.json')
  writeFileSync(exported, (await torii('word', 'export', '--json')).stdout)
  const good = await qa('wordfilter', '--url', server.url, '--list', exported, 'fine', '敏感2s词', '下③滥')
  t.equal(good.error, '')
  t.match(good.out, /masked {4}\*\*\*\*\*/)
  writeFileSync(exported, '["fine"]')
  const bad = await qa('wordfilter', '--url', server.url, '--list', exported, 'fine')
  t.match(bad, { code: 1, error: /the list says "fine", the server the contrary/ })
  const stats = await ask(torii, 'word', 'stats')
  t.match(stats, { longest: 7, lists: [{ list: 'deny', words: 100_001 }], hits: { deny: Number } })
}

t.test('file', async (t) => useList(t, embeddedEnvironment(createFolder(t))))

t.test('sql, in a database of its own', async (t) => {
  const folder = createFolder(t)
  await useList(t, {
    ...embeddedEnvironment(folder),
    TORII__WORDS__SOURCE: 'sql',
    TORII__WORDS__DATABASE__SQLITE_FILE: join(folder, 'words.sqlite'),
  })
})

t.test('redis, with MariaDB', async (t) => {
  const shared = await openShared({
    TORII__WORDS__SOURCE: 'redis',
    TORII__WORDS__REDIS__KEY: `w${process.pid}`,
  })
  t.teardown(shared.close)
  await useList(t, shared.environment)
})

t.test('sql on MariaDB', async (t) => {
  const shared = await openShared({ TORII__WORDS__SOURCE: 'sql' })
  t.teardown(shared.close)
  const { primary } = testServers()
  const place = { ...primary, database: shared.database }
  const variables = Object.entries(place).map(([key, value]) => [
    `TORII__WORDS__DATABASE__WRITE__0__${key.toUpperCase()}`,
    String(value),
  ])
  await useList(t, { ...shared.environment, ...Object.fromEntries(variables) })
})

t.test('the commands one by one', async (t) => {
  const folder = createFolder(t)
  const environment = embeddedEnvironment(folder)
  const torii = createTorii(environment, folder)
  await torii('migrate', 'up')
  writeFileSync(join(folder, 'a.txt'), 'bad\nBAD\n\n★\n★中\nworse|note\n')
  writeFileSync(join(folder, 'b.txt'), Buffer.from([0xc3, 0xf4, 0xb8, 0xd0, 0x0a]))
  mkdirSync(join(folder, 'dir'))

  const dry = await torii('word', 'import', 'a.txt', 'b.txt', '--dry-run', '--show-skipped')
  t.match(
    dry.stdout,
    /read 7 lines \(UTF-8, GB18030\), kept 3, doubled 1, empty 2, too long 0, a single character 1/,
  )
  t.match(dry.stderr, /a\.txt:2: doubled: "BAD"/)
  t.match((await torii('word', 'list')).stdout, /deny +0/)

  await ask(torii, 'word', 'import', 'a.txt')
  t.same(await ask(torii, 'word', 'export'), ['bad', 'worse'])
  await ask(torii, 'word', 'import', 'b.txt', '--append')
  t.same(await ask(torii, 'word', 'export'), ['bad', 'worse', '敏感'])
  await ask(torii, 'word', 'import', 'b.txt', '--out', 'out.json')
  t.same(JSON.parse(readFileSync(join(folder, 'out.json'), 'utf8')), ['敏感'])
  t.match(await ask(torii, 'word', 'test', 'so b.a.d'), { isClean: false, text: 'so *****' })
  await ask(torii, 'word', 'import', 'b.txt', '--list', 'allow')
  await ask(torii, 'word', 'clear', '--list', 'deny')
  t.same(await ask(torii, 'word', 'export'), [])
  t.same(await ask(torii, 'word', 'export', '--list', 'allow'), ['敏感'])
  t.same(await ask(torii, 'word', 'reload'), { reloaded: true })

  const refused = [
    [['import', 'dir'], /dir: /],
    [['import', 'nowhere.txt'], /nowhere\.txt: ENOENT/],
    [['import', '/dev/null'], /there is no word in it/],
  ] as const
  for (const [args, says] of refused) t.match(await torii('word', ...args), { code: 1, stderr: says })
  t.equal((await torii('word', 'import', 'a.txt', '--append', '--replace')).code, 2)
  t.equal((await torii('word', 'import', 'a.txt', '--list', 'other')).code, 2)
})

t.test('a list through a pipe, and an import that is killed changes nothing', async (t) => {
  const folder = createFolder(t)
  const environment = embeddedEnvironment(folder)
  const torii = createToriiProcess(environment)
  await torii('migrate', 'up')
  const file = fileURLToPath(import.meta.resolve('#root/dist/tools/torii.js'))
  const node = (args: string[], input: string) =>
    run(process.execPath, [file, ...args], { environment, input })
  const piped = await node(['word', 'import', '-'], lines.join('\n'))
  t.match(piped, { code: 0, stdout: /kept 100000/, stderr: /reading -: 50 %/ })
  const killed = run('timeout', ['-s', 'KILL', '0.4', process.execPath, file, 'word', 'import', '-'], {
    environment,
    input: lines.map((line) => `x${line}`).join('\n'),
  })
  await killed
  const { length } = await ask<string[]>(torii, 'word', 'export')
  t.equal(length, 100_000)
})
