/** What is measured among few users and among many. */
import type { Stream } from '../load.ts'
import { type PlainRequest, post } from '../requests.ts'
import { someClientHash } from '../sources.ts'
import type { App } from '../torii.ts'
import { firstUser, nickPrefix, userName } from './tables.ts'

/** A user who is logged in. */
export type Actor = { n: number; a2: string; skey: string }

export type Side = {
  app: App
  users: number
  actors: readonly Actor[]
  /** A user of this side at random. */
  draw(): number
}

export type SeedRow = {
  name: string
  title: string
  path: string
  /** Stands in every good reply. */
  expect: string
  members(side: Side, actor: Actor): Record<string, unknown>
  /** What the ratios should be. */
  target: string
}

const numberOf = (n: number) => String(firstUser + n)
const checked = 100
const within10 = 'target: within 10 %'
const half = 'target: p99 up to 1.5 ×'

export const seedRows: readonly SeedRow[] = [
  {
    name: 'session',
    title: 'session check by an SKey',
    path: '/v1/session',
    expect: '"code":1030200,',
    members: (_, { skey }) => ({ token: skey }),
    target: within10,
  },
  {
    name: 'session-a2',
    title: 'session check by an A2, a row',
    path: '/v1/session',
    expect: '"code":1030200,',
    members: (_, { a2 }) => ({ token: a2 }),
    target: within10,
  },
  {
    name: 'login',
    title: 'login by client hash',
    path: '/v1/login',
    expect: '"code":1020100,',
    members: ({ draw }) => ({ login: userName(draw()), clientHash: someClientHash }),
    target: within10,
  },
  {
    name: 'get',
    title: 'the profile of another user',
    path: '/v1/user/get',
    expect: '"user":',
    members: ({ draw }, { skey }) => ({ token: skey, userId: numberOf(draw()) }),
    target: half,
  },
  {
    name: 'find',
    title: 'users whose nickname begins so',
    path: '/v1/user/find',
    expect: '"users":',
    members: ({ draw }, { skey }) => ({ token: skey, by: 'nickName', text: nickPrefix(draw()), limit: 20 }),
    target: half,
  },
  {
    name: 'friends',
    title: 'a page of whom a user follows',
    path: '/v1/friend/list',
    expect: '"users":[{',
    members: (_, { skey }) => ({ token: skey, list: 'following', limit: 20 }),
    target: half,
  },
  {
    name: 'check-100',
    title: 'who of 100 users allows it',
    path: '/v1/friend/check',
    expect: '"isGranted":',
    members: ({ draw }, { n }) => {
      const users = new Set(Array.from({ length: checked }, () => numberOf(draw())))
      return { user: numberOf(n), users: [...users], permission: 'chat' }
    },
    target: half,
  },
  {
    name: 'events',
    title: 'the list of events',
    path: '/v1/event/list',
    expect: '"unread":',
    members: (_, { skey }) => ({ token: skey }),
    target: half,
  },
]

/** So many calls are made ready for a row and round: more than are sent. */
const callCount = 20_000

export const streamOf = (row: SeedRow, side: Side, connections: number): Stream => {
  const { appId: appid, appSecret: appsecret } = side.app
  const requests: PlainRequest[] = Array.from({ length: callCount }, (_, at) => {
    const actor = side.actors[at % side.actors.length]
    if (!actor) throw new Error('no user is logged in')
    return post(row.path, { appid, appsecret, ...row.members(side, actor) })
  })
  return { name: row.name, connections, source: { kind: 'plain', requests, expect: row.expect } }
}
