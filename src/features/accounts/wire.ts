import type { Static } from 'typebox'
import type { OperationShape } from '../../http/caller.ts'
import { Type, withoutControls } from '../../protocol/schema.ts'
import { Answer } from '../captcha/wire.ts'
import { Tickets, User } from '../tickets/wire.ts'

/** Code points of a name as typed: its normal form is bounded further on, and costs little up to here. */
const maxTyped = 200
/** RFC 5321. */
const maxAddress = 254

const login = Type.Unsafe<string | number>({
  type: ['string', 'integer'],
  minLength: 1,
  maxLength: maxAddress,
  pattern: withoutControls,
  minimum: 1,
  description: 'User number, user name, e-mail address or phone number',
})
export const clientHash = Type.Optional(
  Type.String({
    pattern: '^[./A-Za-z0-9]{31}$',
    description: 'Last 31 characters of BCrypt(MD5hex(password), salt, cost)',
  }),
)
export const nextClientHash = Type.Optional(
  Type.String({
    pattern: '^[./A-Za-z0-9]{31}$',
    description: 'The same at the cost that prelogin calls next',
  }),
)
export const previousClientHash = Type.Optional(
  Type.String({
    pattern: '^[./A-Za-z0-9]{31}$',
    description: 'The same at the cost that prelogin calls previous',
  }),
)
/** A new password for every login of an account: one of the two. */
export const newPassword = {
  newPassword: Type.Optional(
    Type.String({ description: 'For clients that cannot run bcrypt; 8 characters to 1,024 bytes of UTF-8' }),
  ),
  hashes: Type.Optional(
    Type.Array(
      Type.Object({
        salt: Type.String({ pattern: '^[./A-Za-z0-9]{21}[.Oeu]$' }),
        clientHash: Type.String({ pattern: '^[./A-Za-z0-9]{31}$' }),
        nextClientHash,
      }),
      { minItems: 1, maxItems: 5, description: 'The new password for each salt of the account' },
    ),
  ),
}
export const password = Type.Optional(
  Type.String({ description: 'For clients that cannot run bcrypt; 1 to 1,024 bytes of UTF-8' }),
)
/** A hash of a password under the salt that it names. */
const saltedHash = {
  salt: Type.String({ pattern: '^[./A-Za-z0-9]{21}[.Oeu]$' }),
  clientHash: Type.String({ pattern: '^[./A-Za-z0-9]{31}$' }),
}
const number = Type.Optional(
  Type.Object(saltedHash, {
    description: 'The same password for the user number, under a salt that the client makes at random',
  }),
)
const name = Type.Optional(
  Type.Object(
    { ...saltedHash, nextClientHash },
    { description: 'With an address: the same password for the user name, under the salt of the name' },
  ),
)
/** For clients that do not show the password. */
export const oldHash = Type.Optional(
  Type.Object(
    { ...saltedHash, previousClientHash },
    { description: 'The password of now, under the salt of any login of the user' },
  ),
)
/** A purpose and 32 hex characters. */
export const Flow = Type.Text(64, { description: 'The flow that a code was sent for' })

/** A code as people type it: full-width digits, blanks and hyphens are understood. */
export const Code = Type.Unsafe<string | number>({
  type: ['string', 'integer'],
  maxLength: 32,
  minimum: 0,
  maximum: 999_999,
  description: 'The 6 digits',
})

const anything = Type.Optional(Type.Unsafe<unknown>({}))
/** The proof of a shared key, judged by its reader; the three come together. */
export const proof = { keyPrint: anything, tm: anything, checkTokenData: anything }
export const device = Type.Optional(
  Type.Object({
    type: Type.Optional(Type.Text(32)),
    os: Type.Optional(Type.Text(64)),
    device: Type.Optional(Type.Text(64)),
    osver: Type.Optional(Type.Text(64)),
  }),
)

const Replaced = Type.Object(
  {
    type: Type.String(),
    os: Type.String(),
    device: Type.String({ description: 'Its name' }),
    osver: Type.String(),
    at: Type.Integer({ description: 'When the user had logged in there, unix seconds' }),
  },
  { description: 'A login that ended because this one took its device slot' },
)

/** Of a login that found no room. */
export const giveUp = Type.Optional(
  Type.Array(Type.String({ pattern: '^[0-9a-f]{32}$' }), {
    maxItems: 32,
    description: 'After 2100430 with policy ask: ids of the logins that may end for this one',
  }),
)

export const Welcome = Type.Object({
  result: Type.String(),
  status: Type.String(),
  params: Type.Object({ status: Type.String() }),
  user: User,
  users: Type.Array(User),
  tickets: Tickets,
})

export type WelcomeReply = Static<typeof Welcome>

export const LoggedIn = Type.Object({
  ...Welcome.properties,
  logout: Type.Optional(Replaced),
  logouts: Type.Optional(Type.Array(Replaced, { description: 'All of them, if they are several' })),
  recovered: Type.Optional(
    Type.Boolean({ description: 'The account was about to leave: this login has taken that back' }),
  ),
})

export type LoginReply = Static<typeof LoggedIn>

/** What register answers: of a new account as at a login, or that a code is waited for. */
const Registered = Type.Object({
  result: Type.String(),
  status: Type.String({ description: 'loginok, waitcode' }),
  params: Type.Object({ status: Type.String() }),
  user: Type.Optional(User),
  users: Type.Optional(Type.Array(User)),
  tickets: Type.Optional(Tickets),
  flow: Type.Optional(Type.String({ description: 'For /v1/verify, with the code' })),
  resendSeconds: Type.Optional(Type.Integer({ description: 'When the next code can be sent' })),
  expiresSeconds: Type.Optional(Type.Integer({ description: 'How long the code works' })),
})

export type RegisteredReply = Static<typeof Registered>

export const preloginShape = {
  path: '/v1/prelogin',
  aliases: [],
  summary: 'The salt and cost of a login, registered or not',
  limit: 'prelogin',
  replay: 'read',
  input: Type.Object({
    login,
    kdfs: Type.Optional(
      Type.Array(Type.String({ maxLength: 32 }), {
        maxItems: 8,
        description: 'The schemes that the client knows beside md5-bcrypt: nfc-md5-bcrypt',
      }),
    ),
  }),
  reply: Type.Object({
    kdf: Type.String(),
    cost: Type.Integer(),
    salt: Type.String(),
    next: Type.Optional(Type.Object({ cost: Type.Integer() })),
    previous: Type.Optional(Type.Object({ cost: Type.Integer() })),
  }),
} as const satisfies OperationShape

export type PreloginInput = Static<typeof preloginShape.input>
export type PreloginReply = Static<typeof preloginShape.reply>

export const registerShape = {
  path: '/v1/register',
  aliases: [],
  summary: 'Registers a user and logs in, or sends a code to the address first',
  limit: 'register',
  replay: 'once',
  remember: true,
  input: Type.Object({
    regmode: Type.String({ maxLength: 16, description: 'anonymous, email, phone' }),
    user: Type.Object({
      userName: Type.Optional(Type.String({ maxLength: maxTyped, words: 'refuse' })),
      nickName: Type.Optional(Type.String({ maxLength: maxTyped, words: 'refuse' })),
      email: Type.Optional(Type.Text(maxAddress, { description: 'With regmode email' })),
      phone: Type.Optional(Type.Text(maxAddress, { description: 'With regmode phone' })),
    }),
    clientHash,
    nextClientHash,
    salt: Type.Optional(Type.String({ maxLength: 22, description: 'The salt of clientHash' })),
    number,
    name,
    password,
    device,
    captcha: Type.Optional(Answer),
    ...proof,
  }),
  reply: Registered,
} as const satisfies OperationShape

export type RegisterInput = Static<typeof registerShape.input>

export const loginShape = {
  path: '/v1/login',
  aliases: [],
  summary: 'Logs in with a password, or with a code',
  limit: 'login',
  replay: 'login',
  input: Type.Object({
    login: Type.Optional(login),
    flow: Type.Optional(Flow),
    code: Type.Optional(Code),
    clientHash,
    nextClientHash,
    previousClientHash,
    password,
    ...newPassword,
    device,
    giveUp,
    captcha: Type.Optional(Answer),
    ...proof,
  }),
  reply: LoggedIn,
} as const satisfies OperationShape

export type LoginInput = Static<typeof loginShape.input>

const token = Type.Optional(
  Type.String({ maxLength: 256, description: 'The ticket; JSON bodies may send it as Bearer' }),
)

export const unregisterShape = {
  path: '/v1/user/unregister',
  aliases: [],
  summary: 'Ends the account: all logins at once, and everything personal after the days of regret',
  limit: 'unregister',
  replay: 'once',
  tiers: ['skey'],
  maxAuthAgeSeconds: 600,
  isStrict: true,
  // A member of its own: no captured call of another operation is one of this.
  input: Type.Object({
    token,
    unregister: Type.Unsafe<true>({
      type: 'boolean',
      const: true,
      description: 'Shows that this is what the user asks for',
    }),
  }),
  reply: Type.Object({
    finalAt: Type.Integer({ description: 'Until then the user may come back by logging in, unix seconds' }),
  }),
} as const satisfies OperationShape

export const recoverShape = {
  path: '/v1/user/recover',
  aliases: [],
  summary: 'Takes an account back that leaves, or that failed logins have locked, by a code for recover',
  limit: 'recover',
  replay: 'once',
  remember: true,
  isStrict: true,
  input: Type.Object({ flow: Flow, code: Code }),
  reply: Type.Object({
    recovered: Type.Boolean({ description: 'The account was about to leave; it stays' }),
    unlocked: Type.Boolean({ description: 'Failed logins are forgotten' }),
  }),
} as const satisfies OperationShape

export type RecoverInput = Static<typeof recoverShape.input>
