import { randomBytes } from 'node:crypto'
import { createClient, isFailure } from '../../../src/client/index.ts'
import { fail } from '../core.ts'
import type { Options } from '../script.ts'

export const help = 'one whole round by the SDK: a new user registers, logs in, is checked and logs out'
export const needs = ['url', 'app', 'secret'] as const

const expect = (isTrue: boolean, what: string) => {
  if (!isTrue) fail(what)
}

export const run = async ({ url, app, secret }: Options) => {
  const client = createClient({ url, appId: app, appSecret: secret, language: 'en', device: { type: 'qa' } })
  const userName = `smoke-${randomBytes(8).toString('hex')}`
  const password = randomBytes(12).toString('base64')
  let count = 0
  const step = async (name: string, work: () => Promise<string>) => {
    const started = performance.now()
    const text = await work()
    count++
    console.log(`ok  ${name.padEnd(16)}${text}  (${Math.round(performance.now() - started)} ms)`)
  }

  await step('provision', async () => `device ${(await client.provision()).t.slice(0, 6)}…`)
  await step('echo', async () => {
    const { greeting } = await client.echo({ greeting: '鳥居' })
    expect(greeting === '鳥居', 'echo: something else came back')
    return 'what was sent came back'
  })
  let userId = ''
  await step('register', async () => {
    const { user } = await client.register({ userName, password })
    userId = user.userId
    expect(user.userName === userName, 'register: another name came back')
    return `user ${userId}`
  })
  await step('login', async () => {
    const { user } = await client.login({ login: userId, password })
    expect(user.userId === userId, 'login: another user came back')
    return `as ${user.userName}`
  })
  await step('wrong password', async () => {
    const refusal = await client.login({ login: userName, password: `not ${password}` }).catch((it) => it)
    expect(isFailure(refusal, 'LOGIN_FAILED'), 'login: a wrong password was not refused as one')
    return refusal.message
  })
  await step('session', async () => {
    const { user, tier } = await client.session()
    expect(user.userId === userId && tier === 'skey', 'session: another user or tier came back')
    return `${tier} of user ${user.userId}`
  })
  let skey = ''
  await step('exchange', async () => {
    skey = (await client.exchange()).skey
    expect((await client.session()).user.userId === userId, 'exchange: the new SKey is not good')
    return 'the new SKey is good'
  })
  await step('logout', async () => {
    await client.logout()
    return 'done'
  })
  await step('session ended', async () => {
    const refusal = await client.call('/v1/session', { token: skey }).catch((it) => it)
    const isEnded = isFailure(refusal, 'NOT_LOGGED_IN') && refusal.reason === 'logged-out'
    expect(isEnded, `session: an ended ticket was not refused as one: ${JSON.stringify(refusal)}`)
    return String(refusal.reason)
  })
  console.log(`smoke: ${count} steps passed`)
}
