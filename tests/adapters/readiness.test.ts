/** A Redis that answers and takes no writes: /readyz tells it, and tells when it is over. */
import { mkdir, rm } from 'node:fs/promises'
import { join } from 'node:path'
import t from 'tap'
import { startRedis } from '../../tools/test/harness.ts'
import { openShared, openTestServer, testServers, until } from '../harness/test-server.ts'
import { command } from './store-servers.ts'

t.test('a Redis that cannot save its data refuses writes (MISCONF)', async (t) => {
  const redis = await startRedis({ folder: testServers().folder, args: ['--save', '3600', '1'] })
  t.teardown(() => redis.stop())
  const shared = await openShared()
  t.teardown(() => shared.close())
  const world = await openTestServer({ environment: { ...shared.environment, TORII__STORE__URL: redis.url } })
  t.teardown(() => world.close())
  const ask = async () => {
    const { status, body } = await world.send({
      method: 'GET',
      url: '/readyz',
      headers: { host: 'localhost' },
    })
    return { status, store: JSON.parse(body).dependencies.store as string }
  }
  t.same(await ask(), { status: 200, store: 'ok' })

  const [, folder = ''] = (await command(redis.url, 'CONFIG', 'GET', 'dir')) as string[]
  // A folder where the file of the data would be.
  const dump = join(folder, 'dump.rdb')
  await mkdir(join(dump, 'in-the-way'), { recursive: true })
  await command(redis.url, 'BGSAVE')
  await until('it refuses writes', async () => {
    const refusal = await command(redis.url, 'SET', 'probe', '1').catch(String)
    return String(refusal).includes('MISCONF')
  })
  const away = await until('/readyz tells it', async () => {
    const told = await ask()
    return told.status === 503 && told
  })
  // Redis refuses even PING then.
  t.match(away.store, /does not answer|takes no writes/)
  t.equal((await world.callJson('/v1/prelogin', { login: 'amber' })).status, 503, 'nor is a limit passed by')

  await rm(dump, { recursive: true })
  await command(redis.url, 'BGSAVE')
  await until('it takes writes again', async () => (await ask()).status === 200)
  t.equal((await world.callJson('/v1/prelogin', { login: 'amber' })).status, 200)
})
