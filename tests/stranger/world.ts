/** A server with all kinds of apps, at a real port, for clients that know nothing but protocol.md. */
import type { Test } from 'tap'
import { createTestClock, type Environment, openTestServer, raisedLimits } from '../harness/test-server.ts'
import { type Answer, jsonLine, type Line, text } from './client.ts'
import type { App } from './protobuf.ts'

export const password = 'correct horse'
export const issuer = 'https://login.example'

export const openWorld = async (t: Pick<Test, 'teardown'>, more: Environment = {}) => {
  const clock = createTestClock(Date.now())
  const world = await openTestServer({
    clock,
    environment: {
      ...raisedLimits(),
      TORII__PASSWORD__COST: '4',
      TORII__PASSWORD__NEXT_COST: '5',
      TORII__SERVER__PUBLIC_URL: issuer,
      ...more,
    },
  })
  t.teardown(world.close)
  const { server, app: own } = world
  const { apps, businesses } = server
  const backend = await apps.add({ name: 'API', checks: [own.appId] })
  const page = await apps.add({ name: 'Help' })
  const map = await apps.add({ name: 'Map', isThirdParty: true, scopes: ['profile', 'places.read'] })
  await apps.set(own.appId, { jumpsTo: [page.appId] })
  await apps.reload()
  await businesses.add({ name: 'pay', idleSeconds: 300, routes: ['/pay'], appIds: [own.appId] })
  await businesses.reload()
  await server.http.listen({ host: '127.0.0.1', port: 0 })
  const address = server.http.server.address()
  if (address === null || typeof address === 'string') throw new Error('no port')
  const url = `http://127.0.0.1:${address.port}`
  const lineOf = (app: App): Line => jsonLine(url, app)
  return { ...world, url, clock, backend, page, map, json: lineOf(own), lineOf }
}

export const logIn = async (line: Line, userName: string) => {
  const { body } = await line.call('/v1/register', { regmode: 'anonymous', user: { userName }, password })
  return {
    a2: text(body, 'tickets', 'a2'),
    skey: text(body, 'tickets', 'skey'),
    userId: text(body, 'user', 'userId'),
  }
}

export const ticketOf = ({ body }: Answer, name: string): string => text(body, 'tickets', name)
