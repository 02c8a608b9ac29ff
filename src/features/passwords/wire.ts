import type { Static } from 'typebox'
import type { OperationShape } from '../../http/caller.ts'
import { Type } from '../../protocol/schema.ts'
import {
  Code,
  clientHash,
  device,
  newPassword,
  password,
  previousClientHash,
  proof,
  Welcome,
} from '../accounts/wire.ts'
import { Tickets, User } from '../tickets/wire.ts'

const token = Type.Optional(
  Type.String({ maxLength: 256, description: 'The ticket; JSON bodies may send it as Bearer' }),
)
/** What a client needs to hash a password for all logins of an account. */
const salts = {
  cost: Type.Integer(),
  next: Type.Optional(Type.Object({ cost: Type.Integer() })),
  previous: Type.Optional(Type.Object({ cost: Type.Integer() })),
  logins: Type.Array(
    Type.Object({
      kind: Type.String({ description: 'name, number, email, phone' }),
      salt: Type.String(),
      isSet: Type.Boolean({ description: 'This login has a password' }),
    }),
  ),
}

/** Hex digits of SHA-1 sums that a caller shows; upper case, as the lists have them. */
export const prefixPattern = '^[0-9A-F]{5}$'

export const rangeShape = {
  path: '/v1/password/range',
  aliases: [],
  summary: 'What the lists of common passwords have under the first digits of SHA-1 sums',
  limit: 'passwordRange',
  replay: 'read',
  input: Type.Object({
    prefixes: Type.Array(Type.String({ pattern: prefixPattern }), {
      minItems: 1,
      maxItems: 4,
      description: 'The first 5 of the 40 hex digits, upper case',
    }),
  }),
  reply: Type.Object({
    ranges: Type.Array(
      Type.Object({
        prefix: Type.String(),
        suffixes: Type.Array(Type.String(), {
          description: 'The other 35 digits, a colon, and how often the password was seen',
        }),
      }),
    ),
  }),
} as const satisfies OperationShape

export const loginsShape = {
  path: '/v1/password/logins',
  aliases: [],
  summary: 'The salts of all logins of the account, for a new password',
  limit: 'passwordChange',
  replay: 'read',
  tiers: ['skey'],
  input: Type.Object({ token }),
  reply: Type.Object(salts),
} as const satisfies OperationShape

export const changeShape = {
  path: '/v1/password/change',
  aliases: [],
  summary: 'Sets a new password, by the old one or soon after a login; ends all other logins',
  limit: 'passwordChange',
  replay: 'once',
  tiers: ['skey'],
  // By default: it is the setting password.freshSeconds.
  maxAuthAgeSeconds: 300,
  provesAnew: ['password', 'clientHash'],
  input: Type.Object({
    token,
    clientHash,
    previousClientHash,
    salt: Type.Optional(Type.String({ maxLength: 22, description: 'The salt of clientHash' })),
    password,
    ...newPassword,
    device,
    ...proof,
  }),
  reply: Welcome,
} as const satisfies OperationShape

export type ChangeInput = Static<typeof changeShape.input>

export const resetShape = {
  path: '/v1/password/reset',
  aliases: [],
  summary: 'Sets a new password by a code that was sent to an address of the account; ends all logins',
  limit: 'passwordReset',
  replay: 'once',
  input: Type.Object({
    flow: Type.Optional(Type.Text(64, { description: 'The flow that the code was sent for' })),
    code: Type.Optional(Code),
    grant: Type.Optional(
      Type.String({
        maxLength: 512,
        description: 'Instead of the code, once it was right: from the reply to it',
      }),
    ),
    ...newPassword,
    device,
    ...proof,
  }),
  reply: Type.Object({
    grant: Type.Optional(
      Type.String({ description: 'Without a new password: good for one within 10 minutes' }),
    ),
    cost: Type.Optional(salts.cost),
    next: salts.next,
    previous: salts.previous,
    logins: Type.Optional(salts.logins),
    result: Type.Optional(Type.String()),
    status: Type.Optional(Type.String()),
    params: Type.Optional(Type.Object({ status: Type.String() })),
    user: Type.Optional(User),
    users: Type.Optional(Type.Array(User)),
    tickets: Type.Optional(Tickets),
  }),
} as const satisfies OperationShape

export type ResetInput = Static<typeof resetShape.input>
