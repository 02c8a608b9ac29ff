/** The words' own MariaDB dies while texts are checked: the old list goes on, and no call waits. */
import { createConnection } from 'mysql2/promise'
import t from 'tap'
import { systemClock } from '../../src/adapters/clock.ts'
import { createTextListAdapters } from '../../src/adapters/text-lists/open.ts'
import { createAdmin } from '../../src/admin.ts'
import { loadConfig } from '../../src/config/load.ts'
import { openSource } from '../../src/features/words/source.ts'
import { startMariadb } from '../../tools/test/harness.ts'
import { codes } from '../harness/codes.ts'
import { openTestServer, testServers, until } from '../harness/test-server.ts'

t.setTimeout(180_000)

t.test('the words go on while their database is killed, and follow it when it is back', async (t) => {
  const mariadb = await startMariadb({ folder: testServers().folder, serverId: 78 })
  t.teardown(() => mariadb.stop())
  const { host, port, user, password } = mariadb
  const database = 'torii_words'
  const connection = await createConnection({ host, port, user, password })
  await connection.query(`CREATE DATABASE ${database} CHARACTER SET utf8mb4 COLLATE utf8mb4_bin`)
  await connection.end()
  const place = Object.entries({ host, port: String(port), user, password, database })
  const environment = {
    TORII__WORDS__SOURCE: 'sql',
    TORII__WORDS__POLL_MS: '100',
    ...Object.fromEntries(
      place.map(([name, value]) => [`TORII__WORDS__DATABASE__WRITE__0__${name.toUpperCase()}`, value]),
    ),
  }
  const world = await openTestServer({ environment })
  t.teardown(world.close)
  const config = loadConfig(environment)
  const textLists = createTextListAdapters({ config, clock: systemClock })
  const lists = await openSource('sql', { config, clock: systemClock, textLists })
  t.teardown(lists.close)
  await createAdmin({ db: world.server.db, config }).apps.set(world.app.appId, { rights: ['words'] })
  await world.server.apps.reload()
  const check = async (text: string) => (await world.callJson('/v1/words/check', { text })).json
  await lists.replace('deny', ['badword'])
  await until('the list counts', async () => (await check('a badword'))?.isClean === false)

  let isDown = true
  let checked = 0
  let slowestMs = 0
  const load = async () => {
    while (isDown) {
      const startedMs = performance.now()
      const reply = await check('a badword')
      slowestMs = Math.max(slowestMs, performance.now() - startedMs)
      if (reply?.code !== codes.OK || reply.isClean !== false) t.fail(JSON.stringify(reply))
      checked++
    }
  }
  const loads = Promise.all(Array.from({ length: 8 }, load))
  await mariadb.kill('SIGKILL')
  const problem = await until('/readyz tells it', async () => {
    const reply = await world.send({ method: 'GET', url: '/readyz', headers: { host: 'localhost' } })
    t.equal(reply.status, 200)
    const { words } = JSON.parse(reply.body).dependencies
    return words !== 'ok' && String(words)
  })
  t.match(problem, /the old words stay/)
  const { code } = await world
    .callJson('/v1/register', {
      regmode: 'anonymous',
      user: { userName: 'my badword' },
      password: 'pass word',
    })
    .then(({ json }) => json as { code: number })
  t.equal(code, codes.WORD_FORBIDDEN)
  await mariadb.restart()
  await until('a new list counts', async () => {
    await lists.replace('deny', ['badword', 'worse']).catch(() => {})
    return (await check('worse'))?.isClean === false
  })
  isDown = false
  await loads
  t.comment(`${checked} checks, the slowest took ${slowestMs.toFixed(0)} ms`)
  t.ok(checked > 100)
  t.ok(slowestMs < 5_000, 'less than the time that a connection to a dead database may take')
})
