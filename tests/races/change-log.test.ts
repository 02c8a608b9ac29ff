/** A database that went back behind what running processes have read of it: a restored backup, a late primary. */
import t from 'tap'
import type { Executor } from '../../src/adapters/db/index.ts'
import { codes as replyCodes } from '../harness/codes.ts'
import { randomName, registerUser, type Target, ticketsOf } from '../harness/devices.ts'
import { until } from '../harness/test-server.ts'
import { openFleet } from './fleet.ts'

t.setTimeout(120_000)

const fleet = await openFleet(t)
const { a, b, admin, db } = fleet
const targets: Target[] = [a, b]
const device = await fleet.connect()
const laterMs = () => Date.now() + 600_000

const readVersion = async () => {
  const row = await db.write
    .selectFrom('settings')
    .selectAll()
    .where('name', '=', 'changeLog.version')
    .execute()
  return Number(row[0]?.value ?? 0)
}
/** Both processes have read the log to its end: a new app is let in, and then not any more. */
const settle = async () => {
  const app = await admin.apps.add({ name: 'watch' })
  const isLetIn = async ({ send }: Target) => {
    const url = `/v1/totp?n=${app.appId}&s=${app.appSecret}&device=${randomName()}`
    const { body } = await send({ method: 'GET', url, headers: {} })
    return JSON.parse(body).code === replyCodes.OK
  }
  for (const target of targets) t.ok(await isLetIn(target))
  await admin.apps.disable(app.appId)
  for (const target of targets) await until('the change is seen', async () => !(await isLetIn(target)))
}
const goBack = async (trx: Executor, version: number) => {
  await trx.deleteFrom('changeLog').where('version', '>', version).execute()
  await trx
    .updateTable('settings')
    .set({ value: String(version) })
    .where('name', '=', 'changeLog.version')
    .execute()
}
const codesOf = async (token: string) =>
  Promise.all(
    targets.map(async (target) => {
      const { code, json } = await device.call(target, '/v1/session', { token, n: randomName() })
      return `${code} ${json.reason ?? ''}`.trim()
    }),
  )
const isRefused = async (codes: Promise<string[]>) =>
  (await codes).every((code) => code.startsWith('1030201'))
const isServed = async ({ send }: Target) =>
  (await send({ method: 'GET', url: '/v1/none', headers: {} })).status
const untilServed = (what: string, status: number) =>
  until(
    what,
    async () => (await Promise.all(targets.map(isServed))).every((found) => found === status),
    5_000,
  )

t.test('what is changed in a log that starts again lower is noticed', async (t) => {
  const user = await registerUser(device, a)
  const other = ticketsOf(await device.call(b, '/v1/login', { ...user.login, n: 1 }))
  for (let at = 0; at < 20; at++) await admin.bans.ban(`192.0.2.${at}/32`, laterMs(), 'before')
  await settle()
  const version = await readVersion()
  t.ok(version > 20)

  await db.transaction((trx) => goBack(trx, 3))
  await admin.accounts.disable(user.userName, 'after the restore')
  t.ok((await readVersion()) < version)
  for (const token of [user.skey, other.skey])
    await until('the SKey is refused by both', () => isRefused(codesOf(token)), 5_000)
  t.same(await codesOf(user.skey), ['1030201 disabled', '1030201 disabled'])

  await admin.bans.ban('127.0.0.1/32', laterMs(), 'after the restore')
  await untilServed('the ban holds in both', 403)
  await admin.bans.unban('127.0.0.1/32')
  await untilServed('and ends in both', 404)
})

t.test('a log that passed the old number before it was read is noticed, too', async (t) => {
  await settle()
  const version = await readVersion()
  await db.transaction(async (trx) => {
    await goBack(trx, 2)
    const ban = { network: '127.0.0.1/32', bannedUntil: laterMs(), reason: 'unseen', createdAt: Date.now() }
    await trx.insertInto('bans').values(ban).execute()
    await admin.changeLog.record(trx, 'bans', ban.network)
    for (let at = 2; at < version + 2; at++) await admin.changeLog.record(trx, 'account', '10001')
  })
  t.ok((await readVersion()) > version)
  await untilServed('the ban holds in both', 403)
  await admin.bans.unban('127.0.0.1/32')
  await untilServed('and ends in both', 404)
})

t.test('a counter that is gone counts as none', async (t) => {
  await settle()
  await db.write.deleteFrom('changeLog').execute()
  await db.write.deleteFrom('settings').where('name', '=', 'changeLog.version').execute()
  await admin.bans.ban('127.0.0.1/32', laterMs(), 'the first of all')
  t.equal(await readVersion(), 1)
  await untilServed('the ban holds in both', 403)
  await admin.bans.unban('127.0.0.1/32')
  await untilServed('and ends in both', 404)
})
