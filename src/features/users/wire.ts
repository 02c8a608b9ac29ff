import type { Static } from 'typebox'
import type { OperationShape } from '../../http/caller.ts'
import { listInput, listReply } from '../../protocol/lists.ts'
import { type Audience, audiences } from '../../protocol/profile-schema.ts'
import { Type } from '../../protocol/schema.ts'
import { clientHash, nextClientHash, oldHash, password } from '../accounts/wire.ts'
import { WithheldList } from '../standing/wire.ts'

const token = Type.Optional(Type.String({ maxLength: 256, description: 'The SKey' }))
const number = (description: string) => Type.String({ pattern: '^[1-9][0-9]{0,14}$', description })
const flag = (description: string) => Type.Optional(Type.Boolean({ description }))
const audience = Type.Optional(
  Type.Unsafe<Audience>({ type: 'string', enum: audiences, description: audiences.join(', ') }),
)

/** Members of a profile whose audience the user chooses. */
export const shownMembers = ['gender', 'birthday', 'age', 'region', 'introduction', 'language'] as const
export type ShownMember = (typeof shownMembers)[number]

const Privacy = Type.Object(
  {
    gender: audience,
    birthday: audience,
    age: audience,
    region: audience,
    introduction: audience,
    language: audience,
  },
  { description: 'Who sees each member' },
)
const FindBy = Type.Object({
  email: flag('By the exact e-mail address; false at first'),
  phone: flag('By the exact phone number; false at first'),
  nickName: flag('By the beginning of the nickname; true at first'),
})

export const longestRegion = 64

const genders = ['', 'female', 'male', 'other'] as const
const gender = Type.Optional(
  Type.Unsafe<(typeof genders)[number]>({ type: 'string', enum: genders, description: 'Empty: removes it' }),
)
const Params = Type.Object({}, { additionalProperties: true, description: 'As the app has declared' })

/** As a user sees their own, or another one; absent: not set, or not for the caller. */
const Person = Type.Object({
  userId: Type.String({ description: 'Decimal number' }),
  userName: Type.String(),
  nickName: Type.String(),
  icon: Type.Optional(Type.String({ description: 'https URL' })),
  gender: Type.Optional(Type.String()),
  birthday: Type.Optional(Type.String({ description: 'YYYY-MM-DD' })),
  age: Type.Optional(Type.Integer()),
  region: Type.Optional(Type.String()),
  introduction: Type.Optional(Type.String()),
  language: Type.Optional(Type.String()),
  params: Type.Optional(Params),
  email: Type.Optional(Type.String({ description: 'Masked, unless it is the caller’s own' })),
  phone: Type.Optional(Type.String({ description: 'Masked, unless it is the caller’s own' })),
  isFriend: flag('Of another user'),
  isFollowing: flag('The caller follows this user'),
  isFan: flag('This user follows the caller'),
  isBlocked: flag('The caller has blocked this user'),
  remark: Type.Optional(Type.String({ description: 'What the caller calls this user' })),
  privacy: Type.Optional(Privacy),
  findBy: Type.Optional(FindBy),
  counts: Type.Optional(
    Type.Object({
      following: Type.Integer(),
      fans: Type.Integer(),
      mutual: Type.Integer(),
      friends: Type.Integer(),
      blocked: Type.Integer(),
    }),
  ),
  roles: Type.Optional(Type.Array(Type.String(), { description: 'The caller’s own that count in this app' })),
  withheld: Type.Optional(WithheldList),
  renameAt: Type.Optional(
    Type.Integer({ description: 'From then on the user name can be changed again, unix seconds' }),
  ),
})
export type Person = Static<typeof Person>

export const getShape = {
  path: '/v1/user/get',
  aliases: [],
  summary: 'The profile of the user, or what another user lets the caller see',
  limit: 'profile',
  replay: 'read',
  tiers: ['skey'],
  isStrict: true,
  input: Type.Object({ token, userId: Type.Optional(number('Another user; without it the caller')) }),
  reply: Type.Object({ user: Person }),
} as const satisfies OperationShape

export type GetInput = Static<typeof getShape.input>

export const setShape = {
  path: '/v1/user/set',
  aliases: [],
  summary:
    'Changes members of the user’s profile and leaves the others; a new user name asks for a fresh login',
  limit: 'profileChange',
  replay: 'once',
  tiers: ['skey'],
  isStrict: true,
  // By default: it is the setting password.freshSeconds.
  maxAuthAgeSeconds: 300,
  freshFor: ['userName'],
  provesAnew: ['password', 'oldHash'],
  input: Type.Object({
    token,
    userName: Type.Optional(
      Type.Text(200, { words: 'refuse', description: 'With the password, for the login by this name' }),
    ),
    password,
    oldHash,
    clientHash,
    nextClientHash,
    salt: Type.Optional(Type.String({ maxLength: 22, description: 'The salt of clientHash' })),
    nickName: Type.Optional(Type.Text(200, { words: 'refuse' })),
    gender,
    birthday: Type.Optional(
      Type.String({
        pattern: '^([0-9]{4}-[0-9]{2}-[0-9]{2})?$',
        description: 'YYYY-MM-DD; empty: removes it',
      }),
    ),
    age: Type.Optional(
      Type.Integer({ minimum: 0, maximum: 150, description: 'Instead of a birthday: the year is kept' }),
    ),
    region: Type.Optional(Type.Text(longestRegion, { words: 'refuse' })),
    introduction: Type.Optional(
      Type.String({
        maxLength: 500,
        // Line breaks, and no other control characters.
        pattern: '^[\\P{Cc}\\n]*$',
        words: 'mask',
      }),
    ),
    icon: Type.Optional(Type.String({ maxLength: 512, description: 'https URL; empty: removes it' })),
    language: Type.Optional(
      Type.String({
        maxLength: 35,
        pattern: '^([A-Za-z]{2,8}(-[A-Za-z0-9]{1,8})*)?$',
        description: 'BCP 47',
      }),
    ),
    params: Type.Optional(Params),
    privacy: Type.Optional(Privacy),
    findBy: Type.Optional(FindBy),
  }),
  reply: Type.Object({ user: Person }),
} as const satisfies OperationShape

export type SetInput = Static<typeof setShape.input>

export const findWays = ['number', 'userName', 'email', 'phone', 'nickName'] as const
export type FindWay = (typeof findWays)[number]

export const findShape = {
  path: '/v1/user/find',
  aliases: [],
  summary: 'Finds users: one by number, user name, e-mail or phone, or those whose nickname begins so',
  limit: 'userFind',
  replay: 'read',
  tiers: ['skey'],
  isStrict: true,
  input: Type.Object({
    token,
    by: Type.Unsafe<FindWay>({ type: 'string', enum: findWays, description: findWays.join(', ') }),
    text: Type.Text(254, {
      minLength: 1,
      description: 'Every character is meant as it is: there are no wildcards',
    }),
    ...listInput,
  }),
  reply: Type.Object({ users: Type.Array(Person), ...listReply }),
} as const satisfies OperationShape

export type FindInput = Static<typeof findShape.input>
export type FindReply = Static<typeof findShape.reply>
