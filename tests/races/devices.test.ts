/** What devices say is written while others wait for the log of changes. */
import t from 'tap'
import { type Device, randomName, registerUser } from '../harness/devices.ts'
import { frame } from '../harness/key-client.ts'
import { until } from '../harness/test-server.ts'
import { lockRow, openConnection, openFleet } from './fleet.ts'

t.setTimeout(120_000)

t.test('other writers wait for no device', async (t) => {
  const fleet = await openFleet(t)
  const { a, admin, database } = fleet
  const user = await registerUser(await fleet.connect(), a)
  const devices: Device[] = []
  for (let at = 0; at < 12; at++) {
    devices.push(...(await Promise.all(Array.from({ length: 10 }, () => fleet.connect()))))
  }
  const ids = devices.map((device) => device.t).sort()
  const reader = await openConnection(t, database)
  const countSaid = async () => {
    const [rows] = await reader.query("SELECT device_id FROM devices WHERE hello <> ''")
    return (rows as unknown[]).length
  }
  // Written in the order of their ids: the last of them is held, and with it the rest of what is written at once.
  const { release } = await lockRow(t, database, 'SELECT * FROM devices WHERE device_id = UNHEX(?)', [
    ids.at(-1),
  ])
  const say = (device: Device, at: number) =>
    device.call(a, '/v1/hello', {
      ...frame('hello', { stage: 'clienthello', params: { CountryCode: `C${at}` } }, String(Date.now())),
      n: randomName(),
    })
  await Promise.all(devices.map(say))
  await until('the first of them are written', async () => (await countSaid()) >= 100, 40_000)
  t.ok((await countSaid()) < ids.length, 'the others wait for the row that is held')
  const disabled = admin.accounts.disable(user.userName, 'test').then(() => 'disabled')
  const late = new Promise((resolve) => setTimeout(resolve, 5_000, 'waits'))
  t.equal(await Promise.race([disabled, late]), 'disabled')
  await release()
  await until('all are written', async () => (await countSaid()) === ids.length, 20_000)
})
