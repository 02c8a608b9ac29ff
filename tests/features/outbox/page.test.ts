import t from 'tap'
import { openTestServer } from '../../harness/test-server.ts'

t.test('the page of messages is answered on this machine only, and in a trial only', async (t) => {
  const world = await openTestServer()
  t.teardown(() => world.close())
  const get = (headers: Record<string, string>) =>
    world.send({ method: 'GET', url: '/dev/outbox', headers: { host: 'localhost', ...headers } })
  const rows: [name: string, headers: Record<string, string>, status: number][] = [
    ['of this machine', {}, 200],
    ['under a name that a stranger points here', { host: 'rebound.example' }, 404],
    ['through a proxy', { 'x-forwarded-for': '203.0.113.7' }, 404],
    ['through a proxy that names the host', { 'x-forwarded-host': 'localhost' }, 404],
  ]
  for (const [name, headers, status] of rows) t.equal((await get(headers)).status, status, name)

  const production = await openTestServer({ environment: { TORII__SERVER__TRIAL: 'false' } })
  t.teardown(() => production.close())
  const reply = await production.send({ method: 'GET', url: '/dev/outbox', headers: { host: 'localhost' } })
  t.equal(reply.status, 404, 'in production')
})
