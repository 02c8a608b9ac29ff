import type { Static } from 'typebox'
import type { OperationShape } from '../../http/caller.ts'
import { type ListName, listNames, type RequestList, requestLists } from '../../protocol/friend-lists.ts'
import { listInput, listReply } from '../../protocol/lists.ts'
import { type Permission, permissions } from '../../protocol/permissions.ts'
import { Type } from '../../protocol/schema.ts'
import { User } from '../tickets/wire.ts'

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

const seconds = (description: string) => Type.Integer({ description: `${description}, unix seconds` })
const choice = <T extends string>(values: readonly T[], description: string) =>
  Type.Unsafe<T>({ type: 'string', enum: values, description })
const grants = (description: string) =>
  Type.Array(choice<Permission>(permissions, permissions.join(', ')), {
    maxItems: permissions.length,
    description,
  })

export const mostChecked = 100

const icon = Type.Optional(Type.String({ description: 'https URL' }))

const Listed = Type.Object({
  ...User.properties,
  icon,
  since: seconds('Since when the user stands in this list'),
  isFollowing: Type.Boolean({ description: 'The caller follows this user' }),
  isFan: Type.Boolean({ description: 'This user follows the caller' }),
  isFriend: Type.Boolean(),
  granted: grants('What the caller grants this user'),
  grantedToMe: grants('What this user grants the caller'),
  remark: Type.Optional(Type.String({ description: 'What the caller calls this user' })),
})

export const listShape = {
  path: '/v1/friend/list',
  aliases: [],
  summary: 'Users whom the caller follows, fans, friends, mutual fans or blocked users, the newest first',
  limit: 'friendLists',
  replay: 'read',
  tiers: ['skey'],
  isStrict: true,
  input: Type.Object({ token, list: choice<ListName>(listNames, listNames.join(', ')), ...listInput }),
  reply: Type.Object({ users: Type.Array(Listed), ...listReply }),
} as const satisfies OperationShape

export type ListInput = Static<typeof listShape.input>

export const requestsShape = {
  path: '/v1/friend/requests',
  aliases: [],
  summary: 'Friend requests that wait: received, or sent by the caller, the newest first',
  limit: 'friendLists',
  replay: 'read',
  tiers: ['skey'],
  isStrict: true,
  input: Type.Object({
    token,
    list: choice<RequestList>(requestLists, requestLists.join(' or ')),
    ...listInput,
  }),
  reply: Type.Object({
    requests: Type.Array(
      Type.Object({
        ...User.properties,
        icon,
        message: Type.String(),
        state: choice(['open', 'refused'] as const, 'refused: by the receiver; it counts until expiresAt'),
        askedAt: seconds('When it was made'),
        expiresAt: seconds('When it is gone'),
      }),
    ),
    ...listReply,
  }),
} as const satisfies OperationShape

export type RequestsInput = Static<typeof requestsShape.input>

export const setShape = {
  path: '/v1/friend/set',
  aliases: [],
  summary: 'What the caller calls a friend or a user whom they follow, and what they grant them',
  limit: 'friend',
  replay: 'once',
  tiers: ['skey'],
  isStrict: true,
  input: Type.Object({
    token,
    setFor: user('The number of the other user'),
    remark: Type.Optional(Type.Text(100, { description: 'Seen by the caller alone; empty: none' })),
    granted: Type.Optional(grants('All that the other user may do')),
    usesDefaults: Type.Optional(
      Type.Unsafe<true>({
        type: 'boolean',
        const: true,
        description: 'Grants what the app grants by default',
      }),
    ),
  }),
  reply: Type.Object({
    granted: grants('What the caller grants this user'),
    remark: Type.Optional(Type.String()),
  }),
} as const satisfies OperationShape

export type SetInput = Static<typeof setShape.input>

export const checkShape = {
  path: '/v1/friend/check',
  aliases: [],
  summary: 'Tells a backend which users let a user chat, see posts and so on',
  limit: 'friendCheck',
  replay: 'read',
  forBackends: true,
  isStrict: true,
  input: Type.Object({
    user: user('The user who wants to do something'),
    users: Type.Array(user('A user to whom it would be done'), { minItems: 1, maxItems: mostChecked }),
    permission: choice<Permission>(permissions, permissions.join(', ')),
    forApp: Type.Optional(
      Type.String({
        pattern: '^[A-Za-z0-9]{1,64}$',
        description: 'Whose defaults count: one of the apps that the backend checks; the first without it',
      }),
    ),
  }),
  reply: Type.Object({
    users: Type.Array(
      Type.Object({
        userId: Type.String({ description: 'Decimal number' }),
        isGranted: Type.Boolean(),
        isFriend: Type.Boolean(),
        isFollowing: Type.Boolean({ description: 'The one who wants to do it follows this user' }),
        isFan: Type.Boolean({ description: 'This user follows the one who wants to do it' }),
      }),
      { description: 'In the order that they were asked in' },
    ),
  }),
} as const satisfies OperationShape

export type CheckInput = Static<typeof checkShape.input>
