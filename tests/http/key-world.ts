/** What the tests of hello and key exchange share. */
import type { Test } from 'tap'
import {
  type Answer,
  type Call,
  exchangeKey,
  frame,
  helloFrame,
  type Members,
  proofOf,
  type SharedKey,
} from '../harness/key-client.ts'
import type { Environment } from '../harness/test-server.ts'
import { openWays, openWorld, register, startMs } from './world.ts'

/** A hello with whatever in the place of a proof. */
export const helloWith = (keyPrint: string, tm: string, checkTokenData: unknown) =>
  frame('hello', { stage: 'clienthello', keyPrint, params: { checkTokenData } }, tm)

/** Every refusal of a frame looks like this. */
export const isRefused = (t: Test, answer: Answer, code: number, title: string) => {
  t.equal(answer.code, code, `${title} (${JSON.stringify(answer).slice(0, 200)})`)
  const number = code >= 2090000 ? code % 100 : Number
  t.match(answer, { msgType: 'error', err: { number, name: /^\w/ } }, title)
  t.equal(answer.hello ?? answer.keyEx ?? answer.tickets ?? answer.user, undefined)
}

/** A server whose callers count up their `tm`. */
export const openKeyWorld = async (t: Test, environment: Environment = {}) => {
  const world = await openWorld(t, environment)
  const ways = await openWays(world)
  let now = startMs
  return { ...world, ways, call: ways.JSON, tm: () => String(++now) }
}

/** A server on which a user logs in on keys, at whatever time it is there. */
export const openUserWorld = async (t: Test, environment: Environment = {}) => {
  const world = await openKeyWorld(t, environment)
  const { call, clock } = world
  await register(call, 'willow')
  const now = () => String(clock.now())
  return {
    ...world,
    exchange: (suite: SharedKey['suite'] = 'AES-CTR') => exchangeKey(call, suite, clock.now),
    hello: (key: SharedKey, params: Members = {}) => call('/v1/hello', helloFrame(key, now(), params)),
    login: (key: SharedKey, by: Call = call) =>
      by('/v1/login', { login: 'willow', password: 'pass word', ...proofOf(key, now()) }),
  }
}
