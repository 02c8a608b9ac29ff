/** What can be called, with the shapes of the server's own schemas (their types alone: no schema is shipped). */
import type {
  LoginInput,
  loginShape,
  PreloginInput,
  PreloginReply,
  preloginShape,
  RegisterInput,
  registerShape,
  WelcomeReply,
} from '../features/accounts/wire.ts'
import type { echoShape, ProvisionReply, provisionShape } from '../features/apps/wire.ts'
import type { helloShape } from '../features/hello/wire.ts'
import type { keyExchangeShape } from '../features/key-exchange/wire.ts'
import type {
  ExchangeInput,
  ExchangeReply,
  exchangeShape,
  LogoutInput,
  logoutShape,
  SessionInput,
  SessionReply,
  sessionShape,
} from '../features/tickets/wire.ts'

type Shapes = {
  provision: typeof provisionShape
  echo: typeof echoShape
  hello: typeof helloShape
  keyExchange: typeof keyExchangeShape
  prelogin: typeof preloginShape
  register: typeof registerShape
  login: typeof loginShape
  session: typeof sessionShape
  exchange: typeof exchangeShape
  logout: typeof logoutShape
}

/** The paths; that they are those of the server is checked when this is compiled. */
export const paths = {
  provision: '/v1/totp',
  echo: '/v1/echo',
  hello: '/v1/hello',
  keyExchange: '/v1/key-exchange',
  prelogin: '/v1/prelogin',
  register: '/v1/register',
  login: '/v1/login',
  session: '/v1/session',
  exchange: '/v1/ticket/exchange',
  logout: '/v1/logout',
} as const satisfies { [Verb in keyof Shapes]: Shapes[Verb]['path'] }

export type Members = Record<string, unknown>
type NoMembers = Record<never, never>

type Operations = {
  '/v1/echo': { input: Members; reply: Members & { status: number } }
  '/v1/prelogin': { input: PreloginInput; reply: PreloginReply }
  '/v1/register': { input: RegisterInput; reply: WelcomeReply }
  '/v1/login': { input: LoginInput; reply: WelcomeReply }
  '/v1/session': { input: SessionInput; reply: SessionReply }
  '/v1/ticket/exchange': { input: ExchangeInput; reply: ExchangeReply }
  '/v1/logout': { input: LogoutInput; reply: NoMembers }
}

/** What every reply has beside the operation's own members; `timestamp` in unix seconds. */
export type ReplyBase = { code: number; msg: string; timestamp: number; rid?: string }

/** What an operation takes; a path that this client doesn't know takes anything. */
export type InputOf<Path extends string> = Path extends keyof Operations ? Operations[Path]['input'] : Members

/** What it answers. */
export type ReplyOf<Path extends string> = ReplyBase &
  (Path extends keyof Operations ? Operations[Path]['reply'] : Members)

export type { LoginInput, ProvisionReply, RegisterInput, SessionReply, WelcomeReply }

const known: ReadonlySet<string> = new Set(Object.values(paths))

/** Operations that change nothing, or that the server's replay guard runs once for equal bytes. */
export const isRepeatable = (path: string) => known.has(path)
