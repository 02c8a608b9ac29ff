/** Where lists are: the same contract for files, Redis and both databases; and what keeps the old lists. */
import { chmod, mkdir, mkdtemp, readFile, rm, symlink, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Redis } from 'ioredis'
import t, { type Test } from 'tap'
import { openDb } from '../../../src/adapters/db/open.ts'
import { openFileLists } from '../../../src/adapters/text-lists/file.ts'
import type { TextListSource } from '../../../src/adapters/text-lists/index.ts'
import { openRedisLists } from '../../../src/adapters/text-lists/redis.ts'
import { createWordLists } from '../../../src/features/words/lists.ts'
import { createSqlLists } from '../../../src/features/words/sql-lists.ts'
import { startRedis } from '../../../tools/test/redis.ts'
import { createEmpty, engines } from '../../adapters/db/databases.ts'
import { storeConfig } from '../../adapters/store-servers.ts'
import { testServers, until } from '../../harness/test-server.ts'
import { options } from './lists.ts'

const clock = { now: () => 1_800_000_000_000, elapsed: () => performance.now() }
const names = ['deny', 'allow', 'exact', 'reserved']

const createFolder = async (t: Test) => {
  const folder = await mkdtemp(join(tmpdir(), 'torii-words-'))
  t.teardown(() => rm(folder, { recursive: true, force: true }))
  return folder
}

const openSql = (engine: 'sqlite' | 'mysql') => async (t: Test) => {
  const config = await createEmpty(t, engine)
  const tables = { ...config.tables, words: 'w', wordLists: 'w_lists' }
  return async () => createSqlLists({ db: await openDb({ config: { ...config, tables } }), clock })
}

/** Each makes a place, and opens it as often as it is asked. */
const places: Record<string, (t: Test) => Promise<() => Promise<TextListSource>>> = {
  file: async (t) => {
    const folder = await createFolder(t)
    return async () => openFileLists(join(folder, 'words'))
  },
  redis: async () => {
    const key = `words-${process.pid}-${performance.now()}`
    return () => openRedisLists({ ...storeConfig, url: testServers().redis.url }, key, 'deny')
  },
  ...Object.fromEntries(engines.map((engine) => [`sql ${engine}`, openSql(engine)])),
}

const createLists = (source: () => Promise<TextListSource>, log: string[] = []) =>
  createWordLists({
    openSource: source,
    openOptions: async () => options,
    now: clock.now,
    elapsed: clock.elapsed,
    giveWay: () => new Promise((resolve) => setImmediate(resolve)),
    logger: { info: () => {}, warn: (_members, text) => log.push(text) },
  })

for (const [name, createPlace] of Object.entries(places)) {
  t.test(name, async (t) => {
    const open = await createPlace(t)
    const source = await open()
    t.teardown(source.close)

    t.test('lists that were replaced come back, and the version changes', async (t) => {
      // In a new database the tables are not there yet.
      await source.replace('deny', ['first'])
      await source.load(names)
      const before = await source.version()
      await source.replace('deny', ['bad', '下&滥', '😀"\\', 'b\u2028d'])
      await source.replace('allow', ['badminton'])
      t.not(await source.version(), before)
      const again = await open()
      const lists = await again.load(names)
      await again.close()
      t.same(lists.deny, ['bad', '下&滥', '😀"\\', 'b\u2028d'])
      t.same(lists.allow, ['badminton'])
      t.notOk(lists.exact, 'a list that was never written is not there')
    })

    t.test('a reader notices a change, and an empty list is a list', async (t) => {
      const lists = createLists(open)
      t.teardown(lists.close)
      await lists.poll()
      t.equal(lists.check('bad').isClean, false)
      await source.replace('deny', ['worse'])
      await lists.poll()
      t.equal(lists.check('bad').isClean, true)
      t.equal(lists.check('worse').isClean, false)
      await source.replace('deny', [])
      await lists.poll()
      t.equal(lists.check('worse').isClean, true)
    })

    t.test('of a list that is replaced again and again every answer belongs to one version', async (t) => {
      const lists = createLists(open)
      t.teardown(lists.close)
      const versions = name === 'file' || name === 'redis' ? 1_000 : 50
      const numbers = Array.from({ length: versions }, (_, at) => at)
      const text = numbers.map((at) => `one${at}x two${at}x`).join(' ')
      let isDone = false
      const write = async () => {
        for (const at of numbers) {
          await source.replace('deny', [`one${at}x`, `two${at}x`])
          await new Promise((resolve) => setImmediate(resolve))
        }
        isDone = true
      }
      const seen = new Set<string>()
      const look = async () => {
        await lists.poll()
        const [one = '', two = '', ...more] = lists.check(text).hits.map(({ word }) => word)
        if (one !== '' && (more.length > 0 || one.replace('one', 'two') !== two)) t.fail(`${one} with ${two}`)
        seen.add(one)
      }
      const read = async () => {
        while (!isDone) await look()
      }
      await Promise.all([write(), read()])
      await look()
      t.ok(seen.has(`one${versions - 1}x`), `the last of ${seen.size} versions`)
      t.equal(lists.state().problem, '')
    })
  })
}

t.test('files: a malformed list keeps the old one, and is logged once', async (t) => {
  const folder = await createFolder(t)
  const deny = join(folder, 'deny.json')
  const log: string[] = []
  const lists = createLists(async () => openFileLists(folder), log)
  await lists.poll()
  t.match(log, [/there is no word/], 'a start without a list works, and warns')
  t.equal(lists.check('bad').isClean, true)

  await writeFile(deny, '\ufeff["bad", 5, ""]')
  await lists.poll()
  t.equal(lists.check('bad').isClean, false)
  t.equal(lists.state().refused, 2)

  const broken: [why: string, make: () => Promise<unknown>, problem: RegExp][] = [
    ['corrupt', () => writeFile(deny, '["bad", '), /deny\.json: is not JSON/],
    ['another type', () => writeFile(deny, '{"bad": 1}'), /is not a JSON array/],
    ['a directory', () => rm(deny).then(() => mkdir(deny)), /is not a file|EISDIR/],
    ['gone', () => rm(deny, { recursive: true }), /lost: deny/],
    ['a link to nowhere', () => symlink(join(folder, 'nowhere'), deny), /lost: deny/],
  ]
  for (const [why, make, problem] of broken) {
    log.length = 0
    await make()
    await lists.poll()
    await lists.poll()
    t.equal(lists.check('bad').isClean, false, why)
    t.match(lists.state().problem, problem, why)
    t.equal(log.length, why === 'a link to nowhere' ? log.length : 1, `${why}: told once`)
  }
  if (process.getuid?.() !== 0) {
    await rm(deny)
    await writeFile(deny, '[]')
    await chmod(deny, 0)
    await lists.poll()
    t.match(lists.state().problem, /EACCES/)
  }
  await rm(deny)
  const elsewhere = join(folder, 'elsewhere.json')
  await writeFile(elsewhere, '["worse"]')
  await symlink(elsewhere, deny)
  await lists.poll()
  t.equal(lists.state().problem, '', 'a link to a list is a list')
  t.equal(lists.check('worse').isClean, false)
  t.equal(lists.check('bad').isClean, true)
})

t.test('files: when none can be read, the log says so once and names the setting', async (t) => {
  const folder = await createFolder(t)
  for (const name of names) await mkdir(join(folder, `${name}.json`))
  const log: string[] = []
  const lists = createLists(async () => openFileLists(folder), log)
  t.teardown(lists.close)
  for (let polls = 0; polls < 100; polls++) await lists.poll()
  t.match(log, [/words\.folder.*deny\.json: is not a file/])
  t.equal(log.length, 1)
})

t.test('files: a list is written as a whole, one word on each line', async (t) => {
  const folder = await createFolder(t)
  await openFileLists(folder).replace('deny', ['a', 'b'])
  t.equal(await readFile(join(folder, 'deny.json'), 'utf8'), '[\n"a",\n"b"\n]\n')
})

t.test('Redis: a wrong type, and a server that dies, keep the old list', async (t) => {
  const folder = await createFolder(t)
  const server = await startRedis({ folder })
  let isRunning = true
  t.teardown(() => isRunning && server.stop())
  const url = server.url
  const open = () => openRedisLists({ ...storeConfig, url }, 'words', 'deny')
  const source = await open()
  await source.replace('deny', ['bad'])
  await source.close()
  const lists = createLists(open)
  t.teardown(lists.close)
  await lists.poll()
  t.equal(lists.check('bad').isClean, false)

  const client = new Redis(url)
  client.on('error', () => {})
  await client.del('words')
  await client.lpush('words', 'bad')
  await lists.poll()
  t.match(lists.state().problem, /words: WRONGTYPE/)
  t.equal(lists.check('bad').isClean, false)
  await client.del('words')
  await client.set('words', '["worse"]')
  await until('the list of another program is noticed', async () => {
    await lists.poll()
    return !lists.check('worse').isClean
  })
  client.disconnect()

  await server.kill('SIGKILL')
  isRunning = false
  const started = performance.now()
  await lists.poll()
  t.ok(performance.now() - started < 5_000)
  t.match(lists.state().problem, /not read/)
  t.equal(lists.check('worse').isClean, false)
})

t.test('SQL: a missing table, and an import that was killed in the middle', async (t) => {
  for (const engine of engines) {
    const open = await openSql(engine)(t)
    const lists = createLists(open)
    await lists.poll()
    t.match(lists.state().problem, /not read/, `${engine}: there is no table`)
    const source = await open()
    await source.replace('deny', ['bad'])
    await lists.poll()
    t.equal(lists.state().problem, '')
    t.equal(lists.check('bad').isClean, false)
    const many = Array.from({ length: 3_000 }, (_, at) => `word ${at}`)
    const cut = source.replace('deny', many, (written) => {
      if (written === 2_000) throw new Error('killed')
    })
    await t.rejects(cut, { message: 'killed' })
    await lists.poll()
    t.equal(lists.check('bad').isClean, false, 'the old list counts')
    t.equal(lists.check('word 5').isClean, true)
    await source.replace('deny', many)
    await lists.poll()
    t.equal(lists.state().words.deny, 3_000)
    await Promise.all([lists.close(), source.close()])
  }
})
