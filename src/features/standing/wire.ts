import type { Static } from 'typebox'
import type { OperationShape } from '../../http/caller.ts'
import { Type } from '../../protocol/schema.ts'

const token = Type.Optional(Type.String({ maxLength: 256, description: 'The SKey of an administrator' }))
// A name of its own in each operation: no bytes of one may run as the other.
const user = Type.String({
  minLength: 1,
  maxLength: 254,
  description: 'User number, user name, e-mail address or phone',
})
const capability = Type.Optional(
  Type.String({
    pattern: '^[a-z][a-z0-9.-]{0,63}$',
    maxLength: 64,
    description:
      'Only this: rename, search, friend, post, or a name of an app. Without it: the whole account',
  }),
)

/** What a user may not do at present. */
export const WithheldList = Type.Array(
  Type.Object({
    capability: Type.String(),
    until: Type.Optional(Type.Integer({ description: 'Unix seconds; absent where it is for good' })),
  }),
  { description: 'What is withheld from the user at present' },
)

const reply = Type.Object({
  userId: Type.String({ description: 'Decimal number' }),
  changed: Type.Boolean({ description: 'False: it was so already' }),
})

export const disableShape = {
  path: '/v1/user/disable',
  aliases: [],
  summary: 'An administrator disables a user, or withholds one capability, until a time or for good',
  limit: 'userStanding',
  replay: 'once',
  tiers: ['skey'],
  role: 'disableUsers',
  maxAuthAgeSeconds: 3_600,
  isStrict: true,
  input: Type.Object({
    token,
    disable: user,
    capability,
    reason: Type.Text(200, { minLength: 1, description: 'As the user is told' }),
    until: Type.Optional(
      Type.Integer({ minimum: 1, maximum: 9_999_999_999, description: 'Unix seconds; without it for good' }),
    ),
  }),
  reply,
} as const satisfies OperationShape

export const enableShape = {
  path: '/v1/user/enable',
  aliases: [],
  summary: 'An administrator enables a disabled user, or gives a capability back',
  limit: 'userStanding',
  replay: 'once',
  tiers: ['skey'],
  role: 'disableUsers',
  maxAuthAgeSeconds: 3_600,
  isStrict: true,
  input: Type.Object({ token, enable: user, capability }),
  reply,
} as const satisfies OperationShape

export type DisableInput = Static<typeof disableShape.input>
export type EnableInput = Static<typeof enableShape.input>
