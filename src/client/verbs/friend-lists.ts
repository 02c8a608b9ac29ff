import type { Permission } from '../../protocol/permissions.ts'
import type { InputOf, ReplyOf } from '../call.ts'
import type { Core } from '../core.ts'

/** A user in a list; `since` in unix seconds. */
export type ListedUser = ReplyOf<'/v1/friend/list'>['users'][number]

/** A friend request that waits, or that was refused; times in unix seconds. */
export type FriendRequest = ReplyOf<'/v1/friend/requests'>['requests'][number]

/** Which list, and where it goes on: `cursor` from the page before. */
export type FriendListWanted = Omit<InputOf<'/v1/friend/list'>, 'token'>
export type FriendRequestsWanted = Omit<InputOf<'/v1/friend/requests'>, 'token'>

/** What the user says of another one: what is left out stays as it is. */
export type RelationWanted = {
  userId: string
  /** Seen by the user alone; empty: none. */
  remark?: string
  /** All that the other one may do; `default`: what the app grants. */
  granted?: Permission[] | 'default'
}

export type FriendListVerbs = {
  /**
   * One page of a list of the user: `following`, `fans`, `friends`, `mutual` or `blocked`, the newest first. Without
   * `cursor` in the reply the list is at its end; a page may be shorter than its limit, or empty, before that.
   * Throws NOT_LOGGED_IN, FRIENDS_OFF, PARAMETER_INVALID for a cursor of another list or user.
   *
   * ```ts
   * const { users, cursor } = await client.listFriends({ list: 'fans', limit: 100 })
   * const next = cursor && (await client.listFriends({ list: 'fans', limit: 100, cursor }))
   * ```
   */
  listFriends(wanted: FriendListWanted): Promise<{ users: ListedUser[]; cursor?: string }>
  /**
   * One page of the friend requests that wait: `received`, or `sent` by the user. Throws as `listFriends`.
   *
   * ```ts
   * const { requests } = await client.listFriendRequests({ list: 'received' })
   * ```
   */
  listFriendRequests(wanted: FriendRequestsWanted): Promise<{ requests: FriendRequest[]; cursor?: string }>
  /**
   * What the user calls a friend or a user whom they follow, and what they grant them. Throws NOT_LOGGED_IN,
   * RELATION_UNKNOWN for anyone else.
   *
   * ```ts
   * await client.setRelation({ userId, remark: 'Bob from work', granted: ['chat', 'viewInfo'] })
   * await client.setRelation({ userId, granted: 'default' })
   * ```
   */
  setRelation(wanted: RelationWanted): Promise<{ granted: string[]; remark?: string }>
}

export const createFriendListVerbs = ({ send, tickets }: Core): FriendListVerbs => ({
  listFriends: async (wanted) => {
    const { users, cursor } = await tickets.withSKey((token) => send('/v1/friend/list', { token, ...wanted }))
    return cursor === undefined ? { users } : { users, cursor }
  },
  listFriendRequests: async (wanted) => {
    const { requests, cursor } = await tickets.withSKey((token) =>
      send('/v1/friend/requests', { token, ...wanted }),
    )
    return cursor === undefined ? { requests } : { requests, cursor }
  },
  setRelation: async ({ userId: setFor, remark, granted: wanted }) => {
    const grants = wanted === 'default' ? { usesDefaults: true as const } : wanted && { granted: wanted }
    const change = { setFor, ...(remark !== undefined && { remark }), ...grants }
    const reply = await tickets.withSKey((token) => send('/v1/friend/set', { token, ...change }))
    const { granted } = reply
    return reply.remark === undefined ? { granted } : { granted, remark: reply.remark }
  },
})
