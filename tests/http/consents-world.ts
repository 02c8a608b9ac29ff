/** Two third-party apps, and users who agree to what they get. */
import type { Test } from 'tap'
import { openWorld } from './world.ts'

export type App = { appId: string; appSecret: string }
export type Members = Record<string, unknown>
export type Reply = Members & { code: number }

export const openConsents = async (t: Test, environment = {}) => {
  const world = await openWorld(t, environment)
  const { apps } = world.server
  const [map, shop] = await Promise.all([
    apps.add({ name: 'Map', isThirdParty: true, scopes: ['profile', 'places.read'] }),
    apps.add({ name: 'Shop', isThirdParty: true }),
  ])
  const callAs = async (app: App, url: string, members: Members = {}) => {
    const json = { appid: app.appId, appsecret: app.appSecret, ...members }
    const { status, body } = await world.request({ url, json })
    return { status, reply: JSON.parse(body) as Reply }
  }
  const call = async (url: string, members: Members) => (await callAs(world.app, url, members)).reply
  const logIn = async (userName: string) => {
    const user = { regmode: 'anonymous', user: { userName }, password: 'correct horse' }
    const reply = await call('/v1/register', user)
    return reply as Reply & { user: { userId: string }; tickets: { a2: string; skey: string } }
  }
  /** Logs in and agrees to everything that an app may ask for. */
  const agree = async (userName: string, app: App, scopes: string[] = []) => {
    const { tickets, user } = await logIn(userName)
    await call('/v1/consent/grant', { token: tickets.skey, grantTo: app.appId, scopes })
    return { ...tickets, userId: user.userId }
  }
  const exchange = async (token: string, app: App, more: Members = {}) => {
    const reply = await call('/v1/ticket/exchange', { token, to: 'openkey', app: app.appId, ...more })
    return reply as Reply & { tickets: { a2?: string; skey?: string; openkey: string } }
  }
  /** As the backend of a third-party app asks. */
  const verify = async (app: App, token: string, more: Members = {}) =>
    (await callAs(app, '/v1/ticket/verify', { token, ...more })).reply
  return { ...world, map, shop, callAs, call, logIn, agree, exchange, verify }
}
