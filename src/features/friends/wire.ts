import type { Static } from 'typebox'
import type { OperationShape } from '../../http/caller.ts'
import { Type } from '../../protocol/schema.ts'

const token = Type.Optional(Type.String({ maxLength: 256, description: 'The SKey' }))
/** Each operation names the other user by a member of its own: no bytes of one run as another. */
const user = (description: string) => Type.String({ pattern: '^[1-9][0-9]{0,14}$', description })

const relation = Type.Object({
  userId: Type.String(),
  isFollowing: Type.Boolean({ description: 'The user follows the other one' }),
  isFan: Type.Boolean({ description: 'The other one follows the user' }),
  isFriend: Type.Boolean(),
  isBlocked: Type.Boolean({ description: 'The user has blocked the other one' }),
  isRequested: Type.Boolean({ description: 'A request of the user waits for an answer' }),
})
const reply = Type.Object({ relation })

export const requestShape = {
  path: '/v1/friend/request',
  aliases: [],
  summary: 'Follows a user, or asks a user to be friends; the app decides which',
  limit: 'friend',
  replay: 'once',
  tiers: ['skey'],
  isStrict: true,
  // An answer is hashed slowly.
  isCostly: true,
  input: Type.Object({
    token,
    requestTo: user('Number of the user'),
    message: Type.Optional(
      Type.Text(200, { words: 'refuse', description: 'Shown to the user who is asked' }),
    ),
    answer: Type.Optional(Type.Text(100, { description: 'To the question that the user asks' })),
  }),
  reply,
} as const satisfies OperationShape

export const acceptShape = {
  path: '/v1/friend/accept',
  aliases: [],
  summary: 'Accepts a friend request',
  limit: 'friend',
  replay: 'once',
  tiers: ['skey'],
  isStrict: true,
  input: Type.Object({ token, acceptFrom: user('Number of its sender') }),
  reply,
} as const satisfies OperationShape

export const refuseShape = {
  path: '/v1/friend/refuse',
  aliases: [],
  summary: 'Refuses a friend request; the sender sees it, and may ask again later',
  limit: 'friend',
  replay: 'once',
  tiers: ['skey'],
  isStrict: true,
  input: Type.Object({ token, refuseFrom: user('Number of its sender') }),
  reply,
} as const satisfies OperationShape

export const ignoreShape = {
  path: '/v1/friend/ignore',
  aliases: [],
  summary: 'Takes a friend request out of the list; to the sender it still waits',
  limit: 'friend',
  replay: 'once',
  tiers: ['skey'],
  isStrict: true,
  input: Type.Object({ token, ignoreFrom: user('Number of its sender') }),
  reply,
} as const satisfies OperationShape

const removed = ['friend', 'following', 'fan'] as const
export type RemovedRelation = (typeof removed)[number]

export const removeShape = {
  path: '/v1/friend/remove',
  aliases: [],
  summary: 'Ends a friendship or a follow',
  limit: 'friend',
  replay: 'once',
  tiers: ['skey'],
  isStrict: true,
  input: Type.Object({
    token,
    removeUser: user('Number of the user'),
    relation: Type.Optional(
      Type.Unsafe<RemovedRelation>({
        type: 'string',
        enum: removed,
        description: 'What ends: without it a friendship, in an app of mode follow the following',
      }),
    ),
  }),
  reply,
} as const satisfies OperationShape

export const blockShape = {
  path: '/v1/friend/block',
  aliases: [],
  summary: 'Blocks a user: all between the two ends, and the user no longer finds the caller',
  limit: 'friend',
  replay: 'once',
  tiers: ['skey'],
  isStrict: true,
  input: Type.Object({ token, blockUser: user('Number of the user') }),
  reply,
} as const satisfies OperationShape

export const unblockShape = {
  path: '/v1/friend/unblock',
  aliases: [],
  summary: 'Takes a block back; what it ended stays ended',
  limit: 'friend',
  replay: 'once',
  tiers: ['skey'],
  isStrict: true,
  input: Type.Object({ token, unblockUser: user('Number of the user') }),
  reply,
} as const satisfies OperationShape

const modes = ['everyone', 'ask', 'question', 'nobody'] as const
/** `everyone`: a request makes a friendship at once; `question`: the right answer does. */
export type FriendMode = (typeof modes)[number]

const mode = Type.Unsafe<FriendMode>({
  type: 'string',
  enum: modes,
  description: 'Who becomes a friend: everyone who asks, after consent, by the right answer, or nobody',
})
const isFollowable = Type.Boolean({ description: 'Others may follow the user' })

const changes = Type.Object({
  mode: Type.Optional(mode),
  isFollowable: Type.Optional(isFollowable),
  question: Type.Optional(
    Type.Text(100, { minLength: 1, words: 'refuse', description: 'Shown to those who ask; with its answer' }),
  ),
  answer: Type.Optional(Type.Text(100, { minLength: 1, description: 'Never shown again' })),
})

export const settingsShape = {
  path: '/v1/friend/settings',
  aliases: [],
  summary: 'Who may ask or follow the user: changes what is given, and shows all',
  limit: 'friend',
  replay: 'once',
  tiers: ['skey'],
  isStrict: true,
  isCostly: true,
  input: Type.Object({ token, friendSettings: changes }),
  reply: Type.Object({ mode, isFollowable, question: Type.Optional(Type.String()) }),
} as const satisfies OperationShape

export type SettingsInput = Static<typeof changes>
