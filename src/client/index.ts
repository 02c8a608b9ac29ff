/**
 * The client of Torii, for browsers and Node. It provisions itself, encrypts its calls, hashes passwords before they are
 * sent, keeps the tickets of its login and trades them in time. Every verb throws `ClientFailure`.
 *
 * ```ts
 * import { createClient, isFailure } from '@torii/client'
 * const client = createClient({ url: 'https://login.example.com', appId, appSecret })
 * ```
 */
import { type InputOf, type ReplyOf, takesSKey } from './call.ts'
import { type Core, createCore } from './core.ts'
import { ClientFailure } from './failure.ts'
import { type ClientOptions, readOptions } from './options.ts'
import { type AccountVerbs, createAccountVerbs } from './verbs/accounts.ts'
import { type AddressVerbs, createAddressVerbs } from './verbs/addresses.ts'
import { type AppVerbs, createAppVerbs } from './verbs/apps.ts'
import { type CaptchaVerbs, createCaptchaVerbs } from './verbs/captcha.ts'
import { type CodeVerbs, createCodeVerbs } from './verbs/codes.ts'
import { type ConsentVerbs, createConsentVerbs } from './verbs/consents.ts'
import { createDeviceVerbs, type DeviceVerbs } from './verbs/devices.ts'
import { createEventVerbs, type EventVerbs } from './verbs/events.ts'
import { createFriendListVerbs, type FriendListVerbs } from './verbs/friend-lists.ts'
import { createFriendVerbs, type FriendVerbs } from './verbs/friends.ts'
import { createHelloVerbs, type HelloVerbs } from './verbs/hello.ts'
import { createHistoryVerbs, type HistoryVerbs } from './verbs/history.ts'
import { createKeyExchangeVerbs, type KeyExchangeVerbs } from './verbs/key-exchange.ts'
import { createLeavingVerbs, type LeavingVerbs } from './verbs/leaving.ts'
import { createOAuthVerbs, type OAuthVerbs } from './verbs/oauth.ts'
import { createPasswordVerbs, type PasswordVerbs } from './verbs/passwords.ts'
import { createReauthVerbs, type ReauthVerbs } from './verbs/reauth.ts'
import { createStandingVerbs, type StandingVerbs } from './verbs/standing.ts'
import { createTicketVerbs, type TicketVerbs } from './verbs/tickets.ts'
import { createUserVerbs, type UserVerbs } from './verbs/users.ts'
import { createWebCodeVerbs, type WebCodeVerbs } from './verbs/web-codes.ts'

export { createBrowserStorage } from './browser-storage.ts'
export type { InputOf, ReplyOf } from './call.ts'
export type { CaptchaAnswer, PictureChallenge } from './captcha.ts'
export type { DeviceDescription } from './devices.ts'
export { ClientFailure, type FailureName, isFailure } from './failure.ts'
export type { HelloFacts } from './greeter.ts'
export type { ClientOptions } from './options.ts'
export type { ClientStorage } from './storage.ts'
export type { TicketPair } from './tickets.ts'
export type { Credentials, Registration } from './verbs/accounts.ts'
export type { AddressChange, AddressKind, UserAddress } from './verbs/addresses.ts'
export type { CodeWanted } from './verbs/codes.ts'
export type { OpenKeyWanted, UserConsent } from './verbs/consents.ts'
export type { UserDevice } from './verbs/devices.ts'
export type { EventList, EventsWanted, StopSignal, UserEvent } from './verbs/events.ts'
export type {
  FriendListWanted,
  FriendRequest,
  FriendRequestsWanted,
  ListedUser,
  RelationWanted,
} from './verbs/friend-lists.ts'
export type {
  EndedRelation,
  FriendRequestWords,
  FriendSettings,
  FriendSettingsChange,
  UserRelation,
} from './verbs/friends.ts'
export type { Greeting, User } from './verbs/hello.ts'
export type { HistoryWanted, UserHistory } from './verbs/history.ts'
export type { ExchangedKey, KeyExchangeOptions } from './verbs/key-exchange.ts'
export type { Identity, LoginProvider, StartedOAuth } from './verbs/oauth.ts'
export type { PasswordContext } from './verbs/passwords.ts'
export type { Proof } from './verbs/reauth.ts'
export type { Disabling, StandingChanged, StandingOf } from './verbs/standing.ts'
export type { Session } from './verbs/tickets.ts'
export type { ProfileChange, UserProfile, UserSearch, UsersFound } from './verbs/users.ts'
export type { WebVerifier } from './verbs/web-codes.ts'

export type CallOptions = {
  /**
   * Send the same bytes once more when no reply could be read. That is right for a call that changes nothing or that the
   * server's replay guard watches, as all operations that this client knows are. By default an unknown path is sent once.
   */
  retry?: boolean
}

type CallVerb = {
  /**
   * Calls an operation by its path. The SKey of this client's login goes with it, unless `input` has a member `token`:
   * then that one is sent, also when it is undefined. Throws NOT_LOGGED_IN for a ticket that has ended.
   *
   * ```ts
   * const { user } = await client.call('/v1/session')
   * ```
   */
  call<Path extends string>(path: Path, input?: InputOf<Path>, options?: CallOptions): Promise<ReplyOf<Path>>
}

export type Client = AppVerbs &
  CaptchaVerbs &
  CodeVerbs &
  ConsentVerbs &
  DeviceVerbs &
  EventVerbs &
  LeavingVerbs &
  FriendListVerbs &
  FriendVerbs &
  KeyExchangeVerbs &
  HelloVerbs &
  HistoryVerbs &
  AccountVerbs &
  AddressVerbs &
  PasswordVerbs &
  ReauthVerbs &
  StandingVerbs &
  TicketVerbs &
  OAuthVerbs &
  UserVerbs &
  WebCodeVerbs &
  CallVerb

/** A path is appended to the base URL: one that does not begin with `/` would change the host. */
const checkPath = (path: string): void => {
  if (/^(\/[\w.~-]+)+$/.test(path)) return
  throw new ClientFailure('PARAMETER_INVALID', { info: 'path: it begins with / and has no query' })
}

const createCall = ({ send, tickets }: Core): CallVerb => ({
  call: async (path, input, options) => {
    checkPath(path)
    const given = Object.assign({}, input)
    const isComplete = 'token' in given || !takesSKey(path) || !(await tickets.hasLogin())
    return isComplete
      ? send(path, given, options)
      : tickets.withSKey((token) => send(path, Object.assign({ token }, input), options))
  },
})

/** Sends nothing yet. Throws TypeError for options that contradict each other, or RUNTIME_UNSUPPORTED. */
export const createClient = (options: ClientOptions): Client => {
  const core = createCore(readOptions(options))
  return {
    ...createAppVerbs(core),
    ...createKeyExchangeVerbs(core),
    ...createHelloVerbs(core),
    ...createHistoryVerbs(core),
    ...createAccountVerbs(core),
    ...createAddressVerbs(core),
    ...createPasswordVerbs(core),
    ...createReauthVerbs(core),
    ...createStandingVerbs(core),
    ...createCaptchaVerbs(core),
    ...createCodeVerbs(core),
    ...createDeviceVerbs(core),
    ...createEventVerbs(core),
    ...createLeavingVerbs(core),
    ...createFriendListVerbs(core),
    ...createFriendVerbs(core),
    ...createConsentVerbs(core),
    ...createTicketVerbs(core),
    ...createOAuthVerbs(core),
    ...createUserVerbs(core),
    ...createWebCodeVerbs(core),
    ...createCall(core),
  }
}
