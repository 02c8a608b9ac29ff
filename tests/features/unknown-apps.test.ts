/** Ids that no app has cost the primary a bounded number of reads. */
import t from 'tap'
import { catalogue } from '../../src/protocol/errors.ts'
import { openWorld } from '../http/world.ts'

t.test('of 200 unknown app ids in a second 20 are looked up, and known apps are served', async (t) => {
  const world = await openWorld(t)
  const codeOf = async (appid: string, appsecret: string) =>
    JSON.parse((await world.request({ url: '/v1/echo', json: { appid, appsecret } })).body).code
  const { db, apps } = world.server
  await apps.reload()
  world.clock.add(1_000)
  const before = db.trips
  for (let at = 0; at < 200; at++)
    t.equal(await codeOf(`unknown${at}`, 'x'.repeat(32)), catalogue.APP_REFUSED.code)
  const trips = db.trips - before
  t.ok(trips >= 20 && trips < 60, `${trips} trips`)
  t.equal(await codeOf(world.app.appId, world.app.appSecret), catalogue.OK.code)
  const added = await world.admin.apps.add({ name: 'new' })
  world.clock.add(1_000)
  const burst = await Promise.all(Array.from({ length: 50 }, () => codeOf(added.appId, added.appSecret)))
  t.same(new Set(burst), new Set([catalogue.OK.code]), 'a burst of a new app is one read')
  t.equal(await codeOf(added.appId, added.appSecret), catalogue.OK.code, 'a new one a second later')
})
