import type { InputOf, ReplyOf } from '../call.ts'
import type { Core } from '../core.ts'

/** What the user and another one are to each other; `isRequested`: a request of the user waits for an answer. */
export type UserRelation = ReplyOf<'/v1/friend/request'>['relation']

/** Who may ask or follow the user; `question` is shown to those who ask. */
export type FriendSettings = Omit<ReplyOf<'/v1/friend/settings'>, 'code' | 'msg' | 'timestamp' | 'rid'>

/** What changes; a question comes with its answer, which is never shown again. */
export type FriendSettingsChange = InputOf<'/v1/friend/settings'>['friendSettings']

/** A message for the user who is asked, and the answer to the question that the user asks. */
export type FriendRequestWords = { message?: string; answer?: string }

/** Which relation ends: without it a friendship, in an app of mode `follow` the following. */
export type EndedRelation = NonNullable<InputOf<'/v1/friend/remove'>['relation']>

export type FriendVerbs = {
  /**
   * Follows a user, or asks a user to be friends: the app decides which. Asking again changes nothing. Throws USER_UNKNOWN,
   * REQUESTS_CLOSED, ANSWER_NEEDED with `question`, ANSWER_WRONG with `triesLeft`, ANSWER_TRIES and REFUSED_BEFORE with
   * `until`, BLOCKED_BY_YOU, TOO_MANY_RELATIONS, TOO_OFTEN, FRIENDS_OFF.
   *
   * ```ts
   * const { isFriend, isRequested } = await client.requestFriend('10002', { message: 'We met in Kyoto' })
   * ```
   */
  requestFriend(userId: string, words?: FriendRequestWords): Promise<UserRelation>
  /**
   * Accepts the request of a user. Throws REQUEST_UNKNOWN when none waits.
   *
   * ```ts
   * await client.acceptFriend('10002')
   * ```
   */
  acceptFriend(userId: string): Promise<UserRelation>
  /**
   * Refuses the request of a user, who sees it and may ask again a month later. Throws REQUEST_UNKNOWN.
   *
   * ```ts
   * await client.refuseFriend('10002')
   * ```
   */
  refuseFriend(userId: string): Promise<UserRelation>
  /**
   * Takes a request out of the list; to its sender it still waits. Throws REQUEST_UNKNOWN.
   *
   * ```ts
   * await client.ignoreFriend('10002')
   * ```
   */
  ignoreFriend(userId: string): Promise<UserRelation>
  /**
   * Ends a friendship, a following, or the following of a fan. Repeating it changes nothing.
   *
   * ```ts
   * await client.removeFriend('10002')
   * ```
   */
  removeFriend(userId: string, relation?: EndedRelation): Promise<UserRelation>
  /**
   * Blocks a user: all between the two ends, and that user no longer finds this one. Throws USER_UNKNOWN,
   * TOO_MANY_RELATIONS.
   *
   * ```ts
   * await client.blockUser('10002')
   * ```
   */
  blockUser(userId: string): Promise<UserRelation>
  /**
   * Takes a block back; what it ended stays ended.
   *
   * ```ts
   * await client.unblockUser('10002')
   * ```
   */
  unblockUser(userId: string): Promise<UserRelation>
  /**
   * Who may ask or follow the user; changes what is given.
   *
   * ```ts
   * await client.friendSettings({ mode: 'question', question: 'Where did we meet?', answer: 'Kyoto' })
   * ```
   */
  friendSettings(change?: FriendSettingsChange): Promise<FriendSettings>
}

export const createFriendVerbs = ({ send, tickets }: Core): FriendVerbs => {
  /** What an act makes of the two. */
  const act = async (call: (token: string) => Promise<{ relation: UserRelation }>) =>
    (await tickets.withSKey(call)).relation
  return {
    requestFriend: (requestTo, words = {}) =>
      act((token) => send('/v1/friend/request', { token, requestTo, ...words })),
    acceptFriend: (acceptFrom) => act((token) => send('/v1/friend/accept', { token, acceptFrom })),
    refuseFriend: (refuseFrom) => act((token) => send('/v1/friend/refuse', { token, refuseFrom })),
    ignoreFriend: (ignoreFrom) => act((token) => send('/v1/friend/ignore', { token, ignoreFrom })),
    removeFriend: (removeUser, relation) => {
      const wanted = relation ? { removeUser, relation } : { removeUser }
      return act((token) => send('/v1/friend/remove', { token, ...wanted }))
    },
    blockUser: (blockUser) => act((token) => send('/v1/friend/block', { token, blockUser })),
    unblockUser: (unblockUser) => act((token) => send('/v1/friend/unblock', { token, unblockUser })),
    friendSettings: async (friendSettings = {}) => {
      const reply = await tickets.withSKey((token) => send('/v1/friend/settings', { token, friendSettings }))
      const { mode, isFollowable, question } = reply
      return question === undefined ? { mode, isFollowable } : { mode, isFollowable, question }
    },
  }
}
