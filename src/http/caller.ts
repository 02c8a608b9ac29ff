/** Who is asking, as known so far. Each stage of a request adds to it; none takes away. */
import type { TObject, TSchema } from 'typebox'
import type { ErrorName, Language } from '../protocol/errors.ts'
import type { FrameKind } from '../protocol/frame.ts'
import type { Permission } from '../protocol/permissions.ts'
import type { ProfileField } from '../protocol/profile-schema.ts'
import type { RoleRight } from '../protocol/roles.ts'
import type { Strength } from '../protocol/strength.ts'
import type { Tier } from '../protocol/tickets.ts'

export type Address = {
  /** Canonical text; IPv4-mapped IPv6 is IPv4. */
  text: string
  family: 'ipv4' | 'ipv6'
  scope: 'public' | 'private' | 'loopback'
  /** What limits count by: the address, or its /64. */
  limitNetwork: string
  /** The network around it that one customer may have: its /56; of IPv4 the address. */
  block: string
  /** The widest network that limits and bounds count by: its /48 or /24. */
  site: string
  /** What login failures count by and logs show: the /24 or /64. */
  network: string
}

export type EnvelopeKind = 'totp' | 'plain' | 'json' | 'bare' | 'sealed'

/** What an app may do beyond what every app may. */
export const appRights = ['words'] as const
export type AppRight = (typeof appRights)[number]

/** `jwt`: signed, so that a service checks it without a call. */
export const ticketFormats = ['opaque', 'jwt'] as const
export type TicketFormat = (typeof ticketFormats)[number]

/** What a request to another user makes: a follower at once, or a friend once the other agrees. */
export const friendModes = ['off', 'follow', 'friend'] as const
export type AppFriends = (typeof friendModes)[number]

export type CallerApp = {
  appId: string
  isPublic: boolean
  minStrength: number
  rights: readonly AppRight[]
  /** The apps whose tickets it may check: its own, or those of a backend. Empty without a secret. */
  checks: readonly string[]
  /** The apps beside itself that a login of it may be taken to by a web code. */
  jumpsTo: readonly string[]
  /** Belongs to others: users agree to what it learns. It calls only what is `forThirdParties`. */
  isThirdParty: boolean
  /** What a third-party app may ask users for, beside `openid`. */
  scopes: readonly string[]
  /** The form of the OpenKeys for it, or of the pSKeys of its users. */
  ticketFormat: TicketFormat
  friends: AppFriends
  /** What users grant a friend, and anyone else, while they have not said otherwise. */
  friendDefaults: readonly Permission[]
  strangerDefaults: readonly Permission[]
  /** The members that profiles of its users have beside ours. */
  profileSchema: readonly ProfileField[]
}

/** A shared key that the caller has proven to hold: its envelope is sealed under it, or the call carries a proof. */
export type CallerKey = {
  fingerprint: string
  /** 64 bits of it can be searched: a login on it lives short and gets no A2. */
  isWeak: boolean
  countryCode: string
  /** Milliseconds: no use makes it live longer. */
  endsAt: number
}

export type CallerDevice = {
  /** What it calls itself by, in 32 hex characters: its `t`. */
  id: string
  /** What its logins carry: `id`, but for a key that was exchanged in the envelope of another `t` it is that one's. */
  knownAs: string
  deviceType: string
  os: string
  name: string
  /** As it said in its hello; empty before. */
  countryCode: string
}

/** A live ticket that was presented. Times are milliseconds. */
export type CallerTicket = {
  tier: Tier
  /** Hex of 16 bytes. */
  loginId: string
  userId: number
  user: { userName: string; nickName: string }
  appId: string
  issuedAt: number
  expiresAt: number
  idleAt: number
  /** When the user last proved who they are; 0 where that is not known. */
  authenticatedAt: number
  /** Of a pSKey: what it opens. */
  business?: string
  /** Of an OpenKey: what the user agreed to, and how the third-party app knows the user. */
  scopes?: readonly string[]
  openId?: string
  /** Reads of this caller go to the primary until then. */
  writtenUntil: number
  /** Refused in a weaker envelope. */
  minStrength: number
}

export type Caller = {
  requestId: string
  address: Address
  language: Language
  origin: string | undefined
  envelope: EnvelopeKind | undefined
  strength: Strength
  app: CallerApp | undefined
  device: CallerDevice | undefined
  /** The key of a sealed envelope. */
  key: CallerKey | undefined
  ticket: CallerTicket | undefined
  /** A byte-equal copy of a refused login: it is judged again and not counted again. */
  isRepeat: boolean
  /** Calls the listener once if the connection closes; the function that it returns takes the listener away. */
  whenGone(listener: () => void): () => void
}

/** Where an operation's caller is known to belong to an app. */
export type AppCaller = Caller & { app: CallerApp }
export type TicketCaller = AppCaller & { ticket: CallerTicket }

/** An operation as data: everything that differs between routes, stated beside the shape of its members. */
export type OperationShape = {
  path: string
  aliases: readonly string[]
  summary: string
  /** Row of the limits in the configuration. */
  limit: string
  /** `read` changes nothing or must be new each time; `once` runs once for equal bytes; `login` while its tickets live. */
  replay: 'read' | 'once' | 'login'
  /** The reply is also found by an equal plaintext: for a client that could not read its reply. */
  remember?: true
  /** Takes its parameters as they are, not as an envelope, and answers plain JSON. */
  bare?: true
  /** Carried in every profile without TLS: there is no secret in it. */
  isOpenToAll?: true
  /** Its messages are frames (hello, key exchange, user operations), in JSON or protobuf, and so are its refusals. */
  frame?: FrameKind
  /** For backends: also in the clear from `server.backendNetworks`. */
  forBackends?: true
  /** Third-party apps may call it, too. All else is refused to them. */
  forThirdParties?: true
  /** Counts as a write when the server is full: it costs as much. */
  isCostly?: true
  /** Tickets that open it; without, none is needed. */
  tiers?: readonly Tier[]
  /** The user must have proved who they are within this time; otherwise FRESH_LOGIN_NEEDED. */
  maxAuthAgeSeconds?: number
  /** That age counts only where one of these members is sent. */
  freshFor?: readonly string[]
  /** Members that prove it anew: with one of them the handler judges that proof, and no age counts. */
  provesAnew?: readonly string[]
  /** Only apps with this right may call it. */
  right?: AppRight
  /** A role of the ticket's user must have this right; only such operations cost the look at the roles. */
  role?: RoleRight
  /** The handler itself judges the ticket, because it consumes it. */
  consumesTicket?: true
  /** Members that the input does not have are refused, in objects within it too; otherwise they are ignored. */
  isStrict?: true
  input: TObject
  reply: TSchema
}

/** What a handler returns: the name of its code, and the operation's own members as its shape says. */
export type Reply = { code: ErrorName; headers?: Record<string, string> }

export type Operation = OperationShape & { handle: (input: unknown, caller: Caller) => Promise<Reply> }
