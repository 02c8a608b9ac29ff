import type { ReplyOf } from '../call.ts'
import type { Core } from '../core.ts'
import { ClientFailure } from '../failure.ts'
import type { HelloFacts } from '../greeter.ts'
import { getSession } from './tickets.ts'

export type User = ReplyOf<'/v1/login'>['user']

export type Greeting = {
  /** `waitlogin`: no key; `needlogin`: no login on this key; `waitdata`: logged in as `user`. */
  stage: 'waitlogin' | 'needlogin' | 'waitdata'
  user?: User
}

export type HelloVerbs = {
  /**
   * Says hello. With a key, the server answers whether a login is alive on it (`waitdata`, with the user and a fresh
   * SKey, which is kept) or not (`needlogin`).
   *
   * ```ts
   * const { stage } = await client.hello({ language: 'en', countryCode: 'CN' })
   * ```
   */
  hello(facts?: HelloFacts): Promise<Greeting>
  /**
   * Continues the login of before without a password: by the key, else by a kept A2. Throws NOT_LOGGED_IN if neither
   * works; the key is kept, and the next login is bound to it.
   *
   * ```ts
   * const { user } = await client.resume()
   * ```
   */
  resume(): Promise<{ user: User }>
}

const stages = ['waitlogin', 'needlogin', 'waitdata'] as const

const readStage = (text: string): Greeting['stage'] => {
  const stage = stages.find((known) => known === text)
  if (stage === undefined) throw new ClientFailure('REPLY_UNREADABLE')
  return stage
}

/** Says hello, keeps the tickets that come with it, and returns the reply too. */
export const greet = async ({ greeter, tickets }: Core, facts?: HelloFacts) => {
  const { reply, stage } = await tickets.greet(() => greeter.hello(facts))
  const { user } = reply
  const greeting: Greeting = user ? { stage: readStage(stage), user } : { stage: readStage(stage) }
  return { greeting, reply }
}

export const notLoggedIn = (members: object) =>
  new ClientFailure('NOT_LOGGED_IN', { members: { ...members }, isAnswer: true })

export const createHelloVerbs = (core: Core): HelloVerbs => ({
  hello: async (facts) => (await greet(core, facts)).greeting,
  resume: async () => {
    const { greeting, reply } = await greet(core)
    if (greeting.user) return { user: greeting.user }
    // No login is alive on this key. A sealed exchange binds the login whose A2 is kept to it.
    if (!(await core.tickets.hasA2())) throw notLoggedIn(reply)
    await core.tickets.refresh()
    const { user } = await getSession(core)
    return { user }
  },
})
