/** Migrations that are killed, or run at the same time, on the data of an older version. */
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'
import t, { type Test } from 'tap'
import { createMigrator } from '../../src/adapters/db/migrate.ts'
import { readSteps } from '../../src/adapters/db/migration-steps.ts'
import { openDb } from '../../src/adapters/db/open.ts'
import type { DatabaseConfig } from '../../src/config/index.ts'
import { createEmpty, type Engine, engines } from '../adapters/db/databases.ts'
import { describeIndexes, describeTables } from '../adapters/db/described.ts'
import { createDice } from '../harness/devices.ts'
import { takeSeed } from './history.ts'

t.setTimeout(300_000)
const dice = createDice(takeSeed(t))
const childFile = fileURLToPath(new URL('../adapters/db/migrate-child.js', import.meta.url))
const moments = ['started', 'run', 'done'] as const
const rowCount = 50

/** Migrates in a process of its own, which kills itself when `step` comes to `moment`. */
const runChild = async (config: DatabaseConfig, step = '', moment = '') => {
  const child = spawn(process.execPath, [childFile, JSON.stringify(config), step, moment], {
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  let printed = ''
  child.stdout.on('data', (data) => {
    printed += data
  })
  const [code, signal] = await once(child, 'close')
  return { code, signal, ran: Number(printed) }
}

/** Rows as a version leaves them that has accounts, names and verifiers, and no logins yet. */
const addRows = async (config: DatabaseConfig) => {
  const db = await openDb({ config })
  const times = { createdAt: 1, updatedAt: 2 }
  for (let n = 1; n <= rowCount; n++)
    await db.transaction(async (trx) => {
      const account = { tag: Buffer.alloc(8, n), status: 'active', statusReason: '', epoch: 1 } as const
      const { insertId } = await trx
        .insertInto('accounts')
        .values({ ...account, ...times })
        .executeTakeFirstOrThrow()
      const userId = Number(insertId)
      await trx
        .insertInto('users')
        .values({
          userId,
          userName: `user ${n}`,
          nickName: '名',
          skeleton: Buffer.from(`${n}`),
          updatedAt: 2,
        })
        .execute()
      // Without what later steps add.
      const verifier = {
        loginKey: Buffer.from(`name:${n}`),
        userId,
        verifier: 'v',
        nextVerifier: null,
        ...times,
      }
      await trx
        .insertInto('verifiers')
        .values(verifier as never)
        .execute()
    })
  await db.close()
}

const readRows = async (config: DatabaseConfig) => {
  const db = await openDb({ config })
  // Without what later steps add.
  const accounts = await db.read
    .selectFrom('accounts')
    .select(['userId', 'tag', 'status', 'statusReason', 'epoch', 'createdAt', 'updatedAt'])
    .orderBy('userId')
    .execute()
  const users = await db.read
    .selectFrom('users')
    .select(['userId', 'userName', 'nickName', 'skeleton', 'updatedAt'])
    .orderBy('userId')
    .execute()
  const verifiers = db.read.selectFrom('verifiers').orderBy('userId')
  const ofNames = await verifiers
    .select(['loginKey', 'userId', 'verifier', 'nextVerifier', 'createdAt', 'updatedAt'])
    .where('loginKey', 'like', Buffer.from('name:%'))
    .execute()
  await db.close()
  return [accounts, users, ofNames]
}

/** A number that logged in by the hash for its name before still does. */
const checkNumbers = async (t: Test, config: DatabaseConfig) => {
  const db = await openDb({ config })
  const rows = await db.read.selectFrom('verifiers').selectAll().orderBy('userId').execute()
  await db.close()
  const numbers = rows.filter(({ loginKey }) => loginKey.toString().startsWith('number:'))
  t.equal(rows.length, 2 * rowCount)
  t.same(
    numbers.map(({ loginKey, userId, saltFrom, verifier }) => [
      `${loginKey}`,
      `${saltFrom}`,
      userId,
      verifier,
    ]),
    numbers.map(({ userId }, at) => [`number:${userId}`, `name:${at + 1}`, userId, 'v']),
  )
}

/** Users of an older version are found by their nicknames. */
const checkNicknames = async (t: Test, config: DatabaseConfig) => {
  const db = await openDb({ config })
  const rows = await db.read.selectFrom('users').select('nickKey').execute()
  await db.close()
  t.same(
    rows.map(({ nickKey }) => `${nickKey}`),
    rows.map(() => '名'),
  )
}

/** An empty database, with the steps up to the table of verifiers, and the steps after it. */
const createOlder = async (t: Test, engine: Engine) => {
  const config = await createEmpty(t, engine)
  const steps = await readSteps(engine, config)
  const half = steps.findIndex(({ name }) => name.endsWith('_verifiers.1')) + 1
  return { config, early: steps.slice(0, half), late: steps.slice(half) }
}

const judge = async (t: Test, engine: Engine, config: DatabaseConfig) => {
  const clean = await createEmpty(t, engine)
  await createMigrator({ config: clean }).up()
  t.strictSame(await describeTables(config), await describeTables(clean))
  t.strictSame(await describeIndexes(config), await describeIndexes(clean))
  t.ok((await createMigrator({ config }).status()).every(({ state }) => state === 'done'))
}

for (const engine of engines) {
  t.test(`${engine}: killed after every statement, the next run goes on, also with data`, async (t) => {
    const { config, early, late } = await createOlder(t, engine)
    const killAfter = async ({ name }: { name: string }) =>
      t.equal((await runChild(config, name, 'run')).signal, 'SIGKILL', name)
    for (const step of early) await killAfter(step)
    // On MySQL the last statement ran and its record is incomplete: rows are there before it runs again.
    if (engine === 'sqlite') await runChild(config, late[0]?.name, 'started')
    await addRows(config)
    const before = await readRows(config)
    for (const step of late) await killAfter(step)
    t.equal((await runChild(config)).code, 0)
    await judge(t, engine, config)
    t.strictSame(await readRows(config), before)
    await checkNumbers(t, config)
    await checkNicknames(t, config)
    t.comment(`${engine}: killed ${early.length + late.length} times, ${rowCount} people kept`)
  })

  t.test(`${engine}: two at once on older data, one of them killed anywhere`, async (t) => {
    for (let round = 0; round < 3; round++) {
      const { config, late } = await createOlder(t, engine)
      await runChild(config, late[0]?.name, 'started')
      await addRows(config)
      const before = await readRows(config)
      const step = late[Math.floor(dice() * late.length)]?.name
      const moment = moments[Math.floor(dice() * moments.length)]
      const [killed, other] = await Promise.all([runChild(config, step, moment), runChild(config)])
      t.ok(killed.signal === 'SIGKILL' || killed.code === 0, 'killed, unless the other one was quicker')
      t.equal(other.code, 0)
      await judge(t, engine, config)
      t.strictSame(await readRows(config), before)
    }
  })
}
