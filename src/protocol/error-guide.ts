/**
 * When each code is sent and what its reader does about it: the text of docs/errors.md. Only the generator imports
 * this file, so that the texts do not weigh on the SDK.
 */
import { addressGuide } from './error-guide-addresses.ts'
import { friendGuide } from './error-guide-friends.ts'
import { keyGuide } from './error-guide-keys.ts'
import { oauthGuide } from './error-guide-oauth.ts'
import { ticketGuide } from './error-guide-tickets.ts'
import type { ErrorName } from './errors.ts'

/** Which part of the system a code speaks of: a section of the page. */
export type GuideSection =
  | 'Done'
  | 'The request'
  | 'App, address and limits'
  | 'Accounts and tickets'
  | 'Users and friends'
  | 'Hello and key exchange'
  | 'The server'

export type Guide = { section: GuideSection; when: string; todo: string }

const access = 'App, address and limits'
const again = 'Solve the fresh one in `captcha` of this refusal.'
const codeSent =
  '`/v1/register` with an address: a code was sent to it, or its owner got a notice. There is no account yet.'
const giveCode = 'Give the code to `/v1/verify`, with the `flow` of this reply.'
const notSent = 'This version does not send it; the number is kept for a later one.'

export const errorGuide: Record<ErrorName, Guide> = {
  ...addressGuide,
  ...friendGuide,
  ...keyGuide,
  ...oauthGuide,
  ...ticketGuide,
  OK: {
    section: 'Done',
    when: 'The operation is done and has no code of its own.',
    todo: 'Read the members of the reply.',
  },
  REGISTERED: {
    section: 'Done',
    when: '`/v1/register`, or `/v1/verify` with its code, made the account and logged the user in.',
    todo: 'Store both tickets; the A2 first.',
  },
  REGISTERED_MAIL_SENT: { section: 'Done', when: codeSent, todo: giveCode },
  REGISTERED_SMS_SENT: { section: 'Done', when: codeSent, todo: giveCode },
  LOGGED_IN: {
    section: 'Done',
    when: '`/v1/login` accepted the password, or the code.',
    todo: 'Store both tickets; the A2 first.',
  },
  LOGGED_OUT: {
    section: 'Done',
    when: '`/v1/logout` ended the login.',
    todo: 'Delete the stored tickets.',
  },
  TICKET_VALID: {
    section: 'Done',
    when: '`/v1/session` knows the ticket and its login has not ended.',
    todo: 'Let the user in. `userId` is in `user`.',
  },
  TICKET_ENDED: {
    section: 'Done',
    when: '`/v1/session` knows the ticket, and it has ended. `reason` says why. The status of a JSON body is 401.',
    todo: 'Do not let the user in. `expired` on an SKey: exchange the A2. Any other reason: log in again.',
  },

  INTERNAL: {
    section: 'The server',
    when: 'The server met a fault of its own.',
    todo: 'Retry later. Administrator: `info` is the request id; the log line with that `reqId` has the stack.',
  },
  PARAMETER_MISSING: {
    section: 'The request',
    when: 'A member that the operation needs is absent. `info` names it.',
    todo: 'Send it. This is a fault of the client program.',
  },
  PARAMETER_INVALID: {
    section: 'The request',
    when: 'A member has a wrong type, length or form, the content type is unknown, or the request is not HTTP. `info` names the member.',
    todo: 'Correct it. This is a fault of the client program.',
  },
  METHOD_NOT_SUPPORTED: {
    section: 'The request',
    when: 'The method is none that the path serves, or a preflight came from an origin that is not listed.',
    todo: 'Use GET or POST. For a web page, add its origin: `torii app add --origin` or `server.origins`.',
  },
  NOT_IN_LIST: {
    section: 'The request',
    when: 'A member has a value outside its list. `info` shows the list.',
    todo: 'Send one of the listed values.',
  },
  OPERATION_UNKNOWN: {
    section: 'The request',
    when: 'There is no operation at this path, or the path cannot be decoded.',
    todo: 'Check the path against protocol.md: no trailing slash, exactly as written there.',
  },
  DATABASE_UNREACHABLE: {
    section: 'The server',
    when: 'No host of `database.write` answers, or the database is read-only.',
    todo: 'Retry after a while. The change may have happened: after a registration, log in first. Administrator: `torii doctor`.',
  },
  DATABASE_ERROR: {
    section: 'The server',
    when: 'The database refused a statement, for example because its disk is full.',
    todo: 'Retry later. Administrator: the log has the cause.',
  },
  STORE_UNREACHABLE: {
    section: 'The server',
    when: 'The store (Redis) is away, full, or was restarted some seconds ago.',
    todo: 'Retry after a few seconds. Administrator: `torii doctor`.',
  },
  TEXT_INVALID: { section: 'The request', when: notSent, todo: '–' },
  TEXT_CHARACTERS: {
    section: 'Accounts and tickets',
    when: 'A user name or nickname has characters that are not allowed there. `info` names the member.',
    todo: 'Ask the user for another name.',
  },
  WORD_FORBIDDEN: {
    section: 'The request',
    when: 'A text has a word of the word lists. `info` names the member, never the word.',
    todo: 'Ask the user for another text. Administrator: `torii word test TEXT` shows the word.',
  },
  WORD_FILTER: {
    section: 'The server',
    when: '`/v1/words/check` was called, and the server has no word list.',
    todo: 'Administrator: `torii word import`, and look at `words` in `/readyz`.',
  },
  CREDENTIALS_MALFORMED: {
    section: 'App, address and limits',
    when: 'Provisioning was called with an `n` or `s` that cannot be an app id or secret.',
    todo: 'Copy both from `torii app add` without spaces or line breaks.',
  },
  APP_REFUSED: {
    section: 'App, address and limits',
    when: 'The app id is unknown, its secret is wrong or absent, or it does not fit the device.',
    todo: 'Check both: `torii app list`, `torii app rotate`. A public app may omit the secret only with a listed `Origin`.',
  },
  ADDRESS_UNKNOWN: {
    section: 'App, address and limits',
    when: 'A trusted proxy forwarded something that is no IP address.',
    todo: 'Administrator: correct what the proxy writes into `X-Forwarded-For`.',
  },
  ADDRESS_BANNED: {
    section: 'App, address and limits',
    when: 'The caller’s address is banned. `until` and `reason` come with it.',
    todo: 'Wait until `until`. Administrator: `torii ip list`, `torii ip unban`.',
  },
  TOO_OFTEN: {
    section: 'App, address and limits',
    when: 'More calls came than a limit allows: calls of an address, failed logins, or devices of an address.',
    todo: 'Wait for `Retry-After` seconds, and slow down. Administrator: `limits.*`.',
  },
  ENVELOPE_REFUSED: {
    section: 'The request',
    when: '`t` or `j` is missing, malformed or unknown, no key fits, the JSON breaks a rule, or a sealed call was seen before. All cases look alike on purpose.',
    todo: 'Compare `timestamp` with your clock and correct it. If the clock is right and it happens again, provision again (`totp`) or exchange a new key (sealed).',
  },
  API_VERSION: {
    section: 'The request',
    when: '`apiver` is neither absent nor 1.',
    todo: 'Send `"1"`, or omit it.',
  },
  CLOCK_OFF: {
    section: 'Hello and key exchange',
    when: 'The clock of a sealed call or of a proof is too far from the server’s.',
    todo: 'Take the server’s time from `tm`, seal or prove again, and send that.',
  },
  TOO_LONG: {
    section: 'The request',
    when: 'The body, the URL or the headers exceed a limit.',
    todo: 'Send less.',
  },
  ENCRYPTION_REQUIRED: {
    section: 'The request',
    when: 'The call must be encrypted: it came without TLS, or in a weaker envelope than this app, device or login accepts. `info` says which.',
    todo: 'Use HTTPS, or seal the call. Administrator: behind a proxy, name it in `server.trustedProxies` and let it send `X-Forwarded-Proto: https`.',
  },
  APP_RIGHT: {
    section: 'App, address and limits',
    when: 'The operation is for apps with a right, which `info` names, and this app lacks it.',
    todo: 'Administrator: `torii app set <id> --may <right>`.',
  },
  APP_DISABLED: {
    section: 'App, address and limits',
    when: 'An administrator disabled the app.',
    todo: 'Administrator: `torii app enable`.',
  },
  CAPTCHA_MISSING: {
    section: 'App, address and limits',
    when: 'The call needs a captcha, which is in `captcha` of this refusal. It has cost no try.',
    todo: 'Solve it and call again with `captcha: { captchaId, answer }`. The SDK solves work by itself.',
  },
  CAPTCHA_EXPIRED: { section: access, when: 'It is older than 120 s, or was answered before.', todo: again },
  CAPTCHA_WRONG: { section: access, when: 'The answer is wrong, or for another call.', todo: again },
  PASSWORD_LENGTH: {
    section: 'Accounts and tickets',
    when: 'The password is empty or longer than 1,024 bytes, or a new one has fewer than 8 characters.',
    todo: 'Ask the user for another password.',
  },
  ALREADY_REGISTERED: {
    section: 'Accounts and tickets',
    when: 'Another account has this user name, or one that counts as the same; or, after the right code, this address by now.',
    todo: 'Ask the user for another name, or to log in.',
  },
  REGISTER_MODE: {
    section: 'Accounts and tickets',
    when: '`regmode` is not one that this server allows.',
    todo: 'Register in another way. Administrator: `accounts.registerModes`.',
  },
  NAME_LENGTH: {
    section: 'Accounts and tickets',
    when: 'A user name has fewer than 3 or more than 45 characters, or a nickname more than 45. `info` names the member.',
    todo: 'Ask the user for another name.',
  },
  LOGIN_MODE: {
    section: 'Accounts and tickets',
    when: 'A code was asked for or sent to log in, and users of this app log in with a password.',
    todo: 'Ask the user for the password. Administrator: `accounts.codeLoginApps`.',
  },
  CAPTCHA_NEEDED: { section: 'Accounts and tickets', when: notSent, todo: '–' },
  LOGIN_FAILED: {
    section: 'Accounts and tickets',
    when: 'The login does not exist, or the password is wrong. The two look alike on purpose.',
    todo: 'Ask the user again. Five failures in 15 minutes lead to 2020407.',
  },
  ACCOUNT_DISABLED: {
    section: 'Accounts and tickets',
    when: 'The password was right, and the account is disabled or deleted. `reason` says which.',
    todo: 'Show it to the user. Administrator: `torii user show`, `torii user enable`.',
  },
  NOT_LOGGED_IN: {
    section: 'Accounts and tickets',
    when: 'The ticket is absent, unknown or another app’s, or it has ended; then `reason` says why.',
    todo: 'With an A2 at hand, exchange it. Otherwise log in. After `reused`, tell the user that a copy of the ticket was used.',
  },
  USER_UNKNOWN: {
    section: 'Accounts and tickets',
    when: 'No such user is there for the caller: there never was one, the account is disabled or leaving, or the user blocks the caller. The reply is the same. Also of a `torii` command.',
    todo: 'Check the name or number.',
  },
  EVENT_WAITS: {
    section: 'App, address and limits',
    when: '`/v1/event/list` would wait, and as many calls of the user, the app or the process wait as may; `info` names the setting.',
    todo: 'Wait for `Retry-After` seconds, or ask without `waitSeconds`. An app needs one waiting call for each device.',
  },
  DEVICE_UNKNOWN: {
    section: 'Accounts and tickets',
    when: 'The id names no login of the user, or it has ended.',
    todo: 'Load the list of devices again.',
  },
  OTHER_DEVICE: {
    section: 'Accounts and tickets',
    when: 'A ticket was used on another device than that of its login, to renew the login.',
    todo: 'Call from the device that logged in, or log in here.',
  },
  OVERLOADED: {
    section: 'The server',
    when: 'The server has more to do than it can within its time limits, or an app has no room for another device.',
    todo: 'Retry after `Retry-After` seconds. Administrator: operations.md, *When something is away*.',
  },
}
