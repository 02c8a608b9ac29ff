import { flag, limit, listOf, section, table, text, whole } from '../../config/fields.ts'
import { Type } from '../../protocol/schema.ts'

export const server = {
  redirects: listOf(
    section({
      from: Type.Array(Type.String({ pattern: '^([A-Za-z]{2}|[0-9a-fA-F.:]+(/[0-9]{1,3})?)$' }), {
        default: [],
        description: 'CIDR ranges, or country codes as clients name them in their hello (CN)',
      }),
      to: text('', 'Base URL of the server that these callers belong to', {
        pattern: '^https?://[^\\s?#]+$',
      }),
    }),
    'A login on a shared key is sent to another server, which uses the same store',
  ),
}

export const limits = {
  prelogin: limit(60, 30),
  register: limit(60, 10),
  login: limit(60, 30),
  unregister: limit(3_600, 20),
  recover: limit(60, 10),
  /** Wrong logins of a network, whatever they try. */
  loginFailures: limit(3_600, 300),
}

export const password = {
  cost: whole(10, 4, 15, 'bcrypt cost of the client hash; fixed once accounts exist, raise nextCost instead'),
  nextCost: whole(0, 0, 15, 'The cost that clients should move to; 0: none'),
  clientSalt: text(
    '',
    'One fixed bcrypt salt for all accounts (22 characters), chosen before the first account',
    { pattern: '^$|^[./A-Za-z0-9]{21}[.Oeu]$' },
  ),
  workers: whole(
    1,
    1,
    64,
    'Threads that run bcrypt for clients that cannot; with clientSalt also the scrypts at once, 32 MB each',
  ),
  queueLimit: whole(50, 1, 10_000, 'Passwords that may wait for a thread'),
  maxWaitMs: whole(
    600,
    50,
    60_000,
    'A password that would not be hashed within this time is refused at once',
  ),
}

const registerModes = ['anonymous', 'email', 'phone'] as const

export const accounts = {
  registerModes: Type.Array(
    Type.Unsafe<(typeof registerModes)[number]>({ type: 'string', enum: registerModes }),
    { default: [...registerModes], description: 'What a user can register with; anonymous: a user name' },
  ),
  passwordRequired: flag(true, 'Who registers with an address chooses a password too'),
  codeLoginApps: Type.Array(Type.String(), {
    default: ['*'],
    description: 'Ids of the apps whose users may log in with a code alone; *: all apps',
  }),
  oneTimePasswordHours: whole(
    72,
    1,
    8_760,
    'A password that an administrator has set works for so long; then another one is needed, or a reset by a code',
  ),
  regretDays: whole(
    14,
    1,
    90,
    'A user who has ended the account may come back for so many days; then everything personal is erased',
  ),
  namesFreedDays: whole(
    90,
    0,
    3_650,
    'Names and addresses of an erased account are free for no other user for so many days; only their keyed hashes are kept',
  ),
  unusedDays: whole(
    0,
    0,
    360,
    'An account whose user never came back is removed after so many days, with its name; 0: never',
  ),
}

export const tables = {
  accounts: table('accounts'),
  verifiers: table('verifiers'),
  loginFailures: table('login_failures'),
  loginStreaks: table('login_streaks'),
}
