/** Users in every form of call: each has a login, and calls with its SKey. */
import type { Test } from 'tap'
import { readCode } from '../harness/messages.ts'
import { until } from '../harness/test-server.ts'
import { isJson, type Json, type Line, provision, sealedLine, text, totpLine } from './client.ts'
import { exchange2 } from './frames.ts'
import { openWorld, password } from './world.ts'

export type Person = {
  userName: string
  userId: string
  token: string
  call(path: string, members?: Json): Promise<Json>
}

export type Open = () => Promise<Line>

let drawn = 0
/** Another one each time, of letters and digits of one script. */
export const draw = (): string => `${'abcdefghijklmnopqrstuvwxyz'[drawn++ % 26]}${drawn}`

export const loggedIn = (line: Line, body: Json): Person => {
  const token = text(body, 'tickets', 'skey')
  if (!token) throw new Error(JSON.stringify(body))
  const call = async (path: string, members: Json = {}) => {
    const answer = await line.call(path, { token, rid: draw(), ...members })
    if (!answer.opened) throw new Error(`not opened: ${answer.raw}`)
    return answer.body
  }
  return { userName: text(body, 'user', 'userName'), userId: text(body, 'user', 'userId'), token, call }
}

export const register = async (line: Line, prefix = 'user'): Promise<Person> => {
  const user = { userName: `${prefix} ${draw()}` }
  return loggedIn(line, (await line.call('/v1/register', { regmode: 'anonymous', user, password })).body)
}

export const membersOf = (value: unknown): string[] => (isJson(value) ? Object.keys(value).sort() : [])

export const openPeople = async (t: Pick<Test, 'teardown'>) => {
  const world = await openWorld(t, { TORII__METRICS__ENABLED: 'true', TORII__METRICS__PORT: '0' })
  const { server, url, clock, json } = world
  const own = { appId: world.app.appId, appSecret: world.app.appSecret }
  await server.apps.set(own.appId, {
    friends: 'friend',
    profileSchema: [
      { name: 'level', type: 'integer', audience: 'everyone' },
      { name: 'motto', type: 'text', length: 80, audience: 'friends', words: 'mask' },
      { name: 'premium', type: 'boolean', audience: 'nobody' },
    ],
  })
  await server.apps.reload()
  const now = () => clock.now()
  /** Each time with a key or a `t` of its own. */
  const forms: Record<string, Open> = {
    JSON: async () => json,
    't/j': async () => totpLine(url, await provision(url, own), now),
    sealed: async () => sealedLine(url, await exchange2(json, own.appId, 'AES-256-GCM', []), now),
  }
  const codeOf = (address: string) => readCode(world.send, address)
  const byEmail = async (line: Line, email: string): Promise<Person> => {
    const asked = await line.call('/v1/register', { regmode: 'email', user: { email }, password })
    const given = { flow: asked.body.flow, code: await codeOf(email) }
    return loggedIn(line, (await line.call('/v1/verify', given)).body)
  }
  const untilWaiting = () =>
    until('a call waits for an event', async () =>
      /^torii_event_waits 1$/m.test(await (await fetch(`${server.metricsUrl}`)).text()),
    )
  return { ...world, own, forms, codeOf, byEmail, untilWaiting }
}
