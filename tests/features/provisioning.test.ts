/** What counts against the cap of an app's devices. */
import { sql } from 'kysely'
import t from 'tap'
import { codes } from '../harness/codes.ts'
import { openTestServer } from '../harness/test-server.ts'

t.test('a provisioning that failed is not counted', async (t) => {
  const world = await openTestServer({ environment: { TORII__PROVISIONING__DEVICES_PER_APP: '2' } })
  t.teardown(() => world.close())
  const { write } = world.server.db
  const first = await world.provision()
  await sql`create trigger full_disk before insert on devices begin select raise(abort, 'full'); end`.execute(
    write,
  )
  for (let at = 0; at < 5; at++) {
    const url = `/v1/totp?n=${world.app.appId}&s=${world.app.appSecret}`
    const { body } = await world.send({ method: 'GET', url, headers: { host: 'localhost' } })
    t.not(JSON.parse(body).code, codes.OK)
  }
  await sql`drop trigger full_disk`.execute(write)
  const second = await world.provision()
  const ids = async () => {
    const rows = await write.selectFrom('devices').select('deviceId').execute()
    return rows.map(({ deviceId }) => Buffer.from(deviceId).toString('hex')).sort()
  }
  t.same(await ids(), [first.t, second.t].sort(), 'no device had to make room')
  const third = await world.provision()
  t.equal((await ids()).length, 2, 'at the cap one makes room')
  t.ok((await ids()).includes(third.t))
})
