/** Ways of being logged in: by a password, where the server sends one on, and by the key. */
import { catalogue } from '../protocol/errors.ts'
import { ClientFailure, isFailure } from './failure.ts'
import type { Greeter, HelloFacts } from './hello.ts'
import { type Members, paths, type ReplyOf } from './operations.ts'
import type { Place } from './place.ts'
import type { Reply } from './reply.ts'
import type { Tickets } from './tickets.ts'

type Welcome = ReplyOf<'/v1/login'>
export type User = Welcome['user']

export type Greeting = { stage: 'waitlogin' | 'needlogin' | 'waitdata'; user?: User }

export type EntranceNeeds = {
  greeter: Greeter
  tickets: Tickets
  place: Place
  session(): Promise<{ user: User }>
}

const notLoggedIn = (members: Members) => new ClientFailure('NOT_LOGGED_IN', { members, isAnswer: true })

export const createEntrance = ({ greeter, tickets, place, session }: EntranceNeeds) => {
  const greet = async (facts?: HelloFacts): Promise<{ greeting: Greeting; reply: Reply }> => {
    const { reply, stage } = await tickets.greet(() => greeter.hello(facts))
    const { user } = reply as unknown as { user?: User }
    return { greeting: { stage: stage as Greeting['stage'], ...(user && { user }) }, reply }
  }

  /** The key is bound to the new login already, and another server with the same store knows it. */
  const followRedirect = (base: string): Promise<Welcome> =>
    place.visit(base, async () => {
      const { greeting, reply } = await greet()
      const { user } = greeting
      if (!user) throw notLoggedIn(reply)
      const done = { code: catalogue.LOGGED_IN.code, result: 'ok', status: 'loginok' }
      return { ...reply, ...done, params: { status: 'loginok' }, user, users: [user] } as unknown as Welcome
    })

  return {
    enter: async (path: string, members: Members): Promise<Welcome> => {
      try {
        const reply = await greeter.withProof(path, members)
        await tickets.keep(reply)
        return reply as unknown as Welcome
      } catch (error) {
        const isSentOn = path === paths.login && isFailure(error, 'KX_REDIRECT') && error.isAnswer
        const base = isSentOn ? place.allow(error.members.redirect) : undefined
        if (base === undefined) throw error
        return followRedirect(base)
      }
    },
    hello: async (facts?: HelloFacts): Promise<Greeting> => (await greet(facts)).greeting,
    resume: async (): Promise<{ user: User }> => {
      const { greeting, reply } = await greet()
      if (greeting.user) return { user: greeting.user }
      // Nobody is logged in on this key; a login of before, whose A2 is kept, is brought to it.
      if (!(await tickets.hasA2())) throw notLoggedIn(reply)
      await tickets.refresh()
      return { user: (await session()).user }
    },
  }
}
