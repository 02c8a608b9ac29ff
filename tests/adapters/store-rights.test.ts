/** What a Redis does not allow, or has no room for, shows at the start, in doctor and at /readyz. */
import { readFileSync } from 'node:fs'
import t, { type Test } from 'tap'
import { systemClock } from '../../src/adapters/clock.ts'
import type { Db } from '../../src/adapters/db/index.ts'
import { checkDependencies } from '../../src/adapters/dependencies.ts'
import { systemRandom } from '../../src/adapters/random.ts'
import { checkVerbs, findStoreProblem } from '../../src/adapters/store/check.ts'
import type { Store } from '../../src/adapters/store/index.ts'
import { createMemoryStore } from '../../src/adapters/store/memory.ts'
import { openStore } from '../../src/adapters/store/open.ts'
import { startRedis } from '../../tools/test/harness.ts'
import { command, storeConfig, type Words } from './store-servers.ts'

const { folder } = JSON.parse(process.env.TORII_TEST_SERVERS ?? '{}') as { folder: string }
const page = readFileSync(new URL(import.meta.resolve('#root/docs/production.md')), 'utf8')
/** The rights of the page, without user, password and keys. */
const documented = (/ACL SETUSER torii on >… ~torii:\* (.+)/.exec(page)?.[1] ?? '').trim().split(' ')

const start = async (t: Test, args: readonly string[] = []) => {
  const server = await startRedis({ folder, args })
  t.teardown(() => server.stop())
  const allow = (rights: readonly string[]) =>
    command(
      server.url,
      ...(['ACL', 'SETUSER', 'torii', 'reset', 'on', '>pw', '~torii:*', ...rights] as Words),
    )
  const open = async (database = 0): Promise<Store> => {
    const url = `redis://torii:pw@${server.host}:${server.port}/${database}`
    const store = await openStore({ config: { ...storeConfig, url }, clock: systemClock })
    t.teardown(() => store.close())
    return store
  }
  return { server, allow, open }
}

const refused = (cause: RegExp) => ({ entry: { name: 'STORE_UNREACHABLE' }, cause: { message: cause } })

t.test('the rights on the page are enough, in any database', async (t) => {
  const { server, allow, open } = await start(t)
  await allow(documented)
  const store = await open(3)
  await checkVerbs(store, systemRandom)
  await store.set('here', '1', 60_000)
  t.match(await command(`${server.url}/3`, 'KEYS', '*'), ['torii:here'])
  t.match(await command(`${server.url}/0`, 'KEYS', '*'), [], 'nothing is in database 0')
  t.same(await store.findWarnings(), [])
})

t.test('a database that may not be selected refuses to open', async (t) => {
  const { allow, open } = await start(t)
  await allow(documented.filter((right) => right !== '+select'))
  await t.rejects(open(3), refused(/select/))
  await checkVerbs(await open(0), systemRandom)
})

t.test('each right on the page is needed, and its absence shows', async (t) => {
  const { allow, open } = await start(t)
  for (const missing of documented.filter(
    (right) => !['-@all', '+select', '+exists', '+eval'].includes(right),
  )) {
    await allow(documented.filter((right) => right !== missing))
    const check = open().then((store) => checkVerbs(store, systemRandom))
    // Of a command inside a script Redis does not say the name.
    await t.rejects(check, refused(/NOPERM|can't run this command/), missing)
  }
})

t.test('a policy that evicts keys is warned of', async (t) => {
  const { allow, open } = await start(t, ['--maxmemory', '100mb', '--maxmemory-policy', 'allkeys-lru'])
  await allow(documented)
  t.match(await (await open()).findWarnings(), [/maxmemory-policy is allkeys-lru/])
})

const noHosts = { health: async () => [] } as unknown as Db
const readiness = (store: Store) => checkDependencies(noHosts, store, systemRandom)

t.test('a full Redis is not ready', async (t) => {
  const { server, allow, open } = await start(t)
  await allow(documented)
  const store = await open()
  t.match(await readiness(store), [{ name: 'store', problem: '', required: true }])
  await command(server.url, 'CONFIG', 'SET', 'maxmemory', '1')
  t.match(await readiness(store), [{ name: 'store', problem: /^takes no writes/, required: true }])
  await command(server.url, 'CONFIG', 'SET', 'maxmemory', '0')
  t.equal(await findStoreProblem(store, systemRandom), '')
})

t.test('a Redis that cannot save, and refuses writes therefore, is not ready', async (t) => {
  const { server, allow, open } = await start(t)
  await allow(documented)
  const store = await open()
  await command(server.url, 'CONFIG', 'SET', 'min-replicas-to-write', '1')
  t.match(await readiness(store), [{ problem: /^takes no writes/ }])
})

t.test('a full store in memory is not ready', async (t) => {
  const store = createMemoryStore({ maxKeys: 1_000, clock: systemClock })
  t.teardown(() => store.close())
  for (let key = 0; ; key++) {
    const isFull = await store.set(`k${key}`, '', 60_000).then(
      () => false,
      () => true,
    )
    if (isFull) break
  }
  t.match(await readiness(store), [{ name: 'store', problem: /^takes no writes/ }])
})
