/** What a start refuses: a key file from before a rotation, and a database user with too few rights. */
import { randomBytes } from 'node:crypto'
import t from 'tap'
import { createMigrator } from '../../../src/adapters/db/migrate.ts'
import { openDb } from '../../../src/adapters/db/open.ts'
import { systemRandom } from '../../../src/adapters/random.ts'
import { generateServerKey, newestKeys, parseServerKey } from '../../../src/adapters/server-key.ts'
import { checkKeyRings, findOldRings } from '../../../src/features/settings/key-rings.ts'
import { checkWrites } from '../../../src/features/settings/settings.ts'
import { startMariadb } from '../../../tools/test/harness.ts'
import {
  ask,
  createDatabase,
  createEmpty,
  engines,
  randomName,
  servers,
  toHost,
} from '../../adapters/db/databases.ts'

for (const engine of engines)
  t.test(`${engine}: a key file from before a rotation is refused, and a newer one remembered`, async (t) => {
    const { db } = await createDatabase(t, engine)
    const file = JSON.parse(generateServerKey(systemRandom))
    const before = newestKeys(parseServerKey(JSON.stringify(file)))
    file.pepper.keys.k2 = randomBytes(32).toString('base64')
    const after = newestKeys(parseServerKey(JSON.stringify(file)))
    t.match(after, { atRest: 1, pepper: 2, identity: 1, rsa: 0 })
    await checkKeyRings(db, before)
    await Promise.all([checkKeyRings(db, after), checkKeyRings(db, after)])
    await checkKeyRings(db, after)
    await t.rejects(checkKeyRings(db, before), {
      name: 'PinError',
      message: /^security\.keyFile: .* pepper: .*k1.*k2; copy the newest key file$/,
    })
    t.match(await findOldRings(db, before), { old: [{ ring: 'pepper', own: 1, known: 2 }] })
  })

t.test('a user who may only read is refused', async (t) => {
  const { folder } = servers
  if (folder === undefined) throw new Error('there is no MariaDB in this run')
  const server = await startMariadb({ folder, serverId: 34 })
  t.teardown(() => server.stop())
  const database = randomName()
  await ask(server, `CREATE DATABASE ${database}`)
  const config = { ...(await createEmpty(t, 'sqlite')), write: [toHost(server, database)] }
  await createMigrator({ config }).up()
  const user = `reader_${randomBytes(4).toString('hex')}`
  for (const [rights, isEnough] of [
    ['SELECT', false],
    ['SELECT, INSERT, UPDATE', false],
    ['SELECT, INSERT, UPDATE, DELETE', true],
  ] as const) {
    await server.asRoot(`CREATE OR REPLACE USER ${user}@'%' IDENTIFIED BY 'pw'`)
    await server.asRoot(`GRANT ${rights} ON ${database}.* TO ${user}@'%'`)
    const db = await openDb({
      config: { ...config, write: [toHost({ ...server, user, password: 'pw' }, database)] },
    })
    t.teardown(() => db.close())
    const check = checkWrites(db, systemRandom)
    if (isEnough) await t.resolves(check, rights)
    else await t.rejects(check, { entry: { name: 'DATABASE_ERROR' }, cause: { errno: 1142 } }, rights)
  }
})
