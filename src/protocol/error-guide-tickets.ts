/** The part of the guide about tickets of every tier. */
import type { Guide } from './error-guide.ts'
import type { ErrorName } from './errors.ts'

export const ticketGuide = {
  ROLE_NEEDED: {
    section: 'Accounts and tickets',
    when: 'The operation is for users with a role that has the right which `info` names, in this app or everywhere.',
    todo: 'Administrator: `torii role grant`; the table `roles` of the configuration says which role has which right.',
  },
  USER_PROTECTED: {
    section: 'Accounts and tickets',
    when: 'An administrator would act on themself, or on a user with a role, without the right `disableStaff`. `info` says which.',
    todo: 'Ask an administrator with that right, or use `torii user disable` on the server.',
  },
  CAPABILITY_WITHHELD: {
    section: 'Accounts and tickets',
    when: 'An administrator has withheld from the user what the call needs. `capability` names it, `why` says why, and `until` (unix seconds) is absent where it is for good.',
    todo: 'Show it to the user. Administrator: `torii user show`, `torii user enable --capability`.',
  },
  TIER_WANTED: {
    section: 'Accounts and tickets',
    when: 'The ticket is valid and of the wrong tier. `tier` names the one that is needed.',
    todo: 'Send the other ticket of the login.',
  },
  BUSINESS_UNKNOWN: {
    section: 'Accounts and tickets',
    when: 'No business of this name serves the app, or the operation is under none of its routes.',
    todo: 'Check `business`. Administrator: `torii business list`.',
  },
  WEB_CODE_INVALID: {
    section: 'Accounts and tickets',
    when: 'No such web code waits: it was used, is older than 60 s, is one of another app, or `verifier` is not the one of its challenge; or its login has ended.',
    todo: 'Ask the app for a new web code, with a new challenge.',
  },
  SCOPE_MISSING: {
    section: 'Accounts and tickets',
    when: 'The OpenKey is valid and lacks a scope. `scopes` names what is missing.',
    todo: 'Ask the user to agree to it, then get a new OpenKey.',
  },
  JUMP_REFUSED: {
    section: 'Accounts and tickets',
    when: 'The app of the login may not hand it to the app that `app` names.',
    todo: 'An administrator allows it: `torii app set APPID --jump-to OTHER`.',
  },
  NO_DEVICE_SLOT: {
    section: 'Accounts and tickets',
    when: 'The password or code was right, and the user is logged in on as many devices as allowed. `policy` is `ask` or `refuse`; `devices` lists the logins that take the slots.',
    todo: '`ask`: let the user choose, and repeat the login with the ids as `giveUp`. `refuse`: log out on one of them; without any, reset the password, or ask an administrator (`torii user logout`).',
  },
  THIRD_PARTY: {
    section: 'App, address and limits',
    when: 'A third-party app called an operation that is for own apps alone: it takes no passwords, codes or logins.',
    todo: 'Take OpenKeys from users and check them by `/v1/ticket/verify`; see features/consents.md.',
  },
  CONSENT_NEEDED: {
    section: 'Accounts and tickets',
    when: '`/v1/ticket/exchange` for an OpenKey with scopes that the user has not agreed to. `scopes` has them, `name` the app.',
    todo: 'Show the user what the app asks for; if the user agrees, call `/v1/consent/grant` and exchange again.',
  },
} as const satisfies Partial<Record<ErrorName, Guide>>
