/** The part of the guide about addresses, codes and passwords. */
import type { Guide } from './error-guide.ts'
import type { ErrorName } from './errors.ts'

export const addressGuide = {
  MAIL_INVALID: {
    section: 'Accounts and tickets',
    when: 'An e-mail address has no valid form, or its domain is refused. `info` says why.',
    todo: 'Ask the user to check the address.',
  },
  PHONE_INVALID: {
    section: 'Accounts and tickets',
    when: 'A phone number is not valid, or its country is not listed. `info` says why.',
    todo: 'Ask the user to check the number, with its country code. Administrator: `sms.countries`.',
  },
  ADDRESS_INVALID: {
    section: 'Accounts and tickets',
    when: 'An address is neither an e-mail address nor a phone number.',
    todo: 'Ask the user to check it.',
  },
  CODE_WRONG: {
    section: 'Accounts and tickets',
    when: 'The code is not the latest one that was sent for this flow. `triesLeft` says how many more are judged; without it the code was not six digits, and cost no try.',
    todo: 'Ask the user again. Five wrong codes end the flow.',
  },
  CODE_TOO_SOON: {
    section: 'Accounts and tickets',
    when: 'A code was sent less than 60 s ago, or as many as an address or app may have. `Retry-After` says when the next one is possible.',
    todo: 'Wait that long. Administrator: `codes.*`.',
  },
  CODE_TRIES: {
    section: 'Accounts and tickets',
    when: 'Five wrong codes were sent for this flow. A new code for the flow does not help.',
    todo: 'Begin again: ask for a code without `flow`.',
  },
  CODE_EXPIRED: {
    section: 'Accounts and tickets',
    when: 'The code is older than 10 minutes, was used before, or its flow is not known to this app.',
    todo: 'Ask for a new code.',
  },
  PASSWORD_CHARACTERS: {
    section: 'Accounts and tickets',
    when: 'The password has characters that are not allowed.',
    todo: 'Ask the user for another password.',
  },
  PASSWORD_COMMON: {
    section: 'Accounts and tickets',
    when: 'The password is on the list of common ones, or is made of the user’s own name or address.',
    todo: 'Ask the user for another password.',
  },
  OLD_PASSWORD_WRONG: {
    section: 'Accounts and tickets',
    when: 'The old password of a change is wrong.',
    todo: 'Ask the user again.',
  },
  PASSWORD_MUST_CHANGE: {
    section: 'Accounts and tickets',
    when: 'The password is right, but an administrator set it. `cost` and `logins` say what a new one is hashed with.',
    todo: 'Ask the user for a new password, and log in again with both: `hashes`, or `newPassword`.',
  },
  MAIL_FAILED: {
    section: 'The server',
    when: 'The server cannot send mail.',
    todo: 'Retry later. Administrator: `mail.*` and `torii outbox list`.',
  },
  SMS_FAILED: {
    section: 'The server',
    when: 'The server cannot send SMS, or has sent as many to this country as a day may have.',
    todo: 'Retry later. Administrator: `sms.*`, `smsBudget` in `/readyz`, and `torii outbox list`.',
  },
  LAST_LOGIN: {
    section: 'Accounts and tickets',
    when: 'The change would remove the last way to log in to the account.',
    todo: 'Add another address or a password first.',
  },
  FRESH_LOGIN_NEEDED: {
    section: 'Accounts and tickets',
    when: 'The operation needs a recent proof of who the user is. `maxAuthAge` says how many seconds old it may be, `how` names what renews it.',
    todo: 'Let the user prove it in one of these ways (`/v1/reauth`), or log in again; then repeat the call.',
  },
} as const satisfies { [Name in ErrorName]?: Guide }
