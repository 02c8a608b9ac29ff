/** The part of the guide about logging in by a provider. */
import type { Guide } from './error-guide.ts'
import type { ErrorName } from './errors.ts'

const section = 'Accounts and tickets' as const

export const oauthGuide = {
  PROVIDER_UNKNOWN: {
    section,
    when: 'No provider has this name, or it is not for this app.',
    todo: 'Take a name from `/v1/oauth/providers`. Administrator: `config/providers.json`.',
  },
  TARGET_REFUSED: {
    section,
    when: 'The redirect target is not, character by character, one of the app’s list.',
    todo: 'Send one that is listed. Administrator: `torii app set ID --redirect URL`.',
  },
  OAUTH_EXPIRED: {
    section,
    when: 'The flow or its code is over, was used, or belongs to another app or verifier.',
    todo: 'Begin again with `/v1/oauth/start`.',
  },
  PROVIDER_FAILED: {
    section,
    when: 'The provider was not reached, or its answer was wrong. The log says why.',
    todo: 'Offer another way to log in; try again later. Administrator: `torii provider test NAME`.',
  },
  PROVIDER_REFUSED: {
    section,
    when: 'The user refused at the provider, or the provider refused the user.',
    todo: 'Show the login page again.',
  },
  IDENTITY_TAKEN: {
    section,
    when: 'The identity is linked to another user.',
    todo: 'Log in with it, and unlink it there first.',
  },
  IDENTITY_LINKED: {
    section,
    when: 'The user has linked another identity of this provider.',
    todo: 'Unlink that one first.',
  },
  IDENTITY_UNKNOWN: {
    section,
    when: 'No user has linked this identity, and the provider makes no accounts.',
    todo: 'Log in by another way and link it. Administrator: `createsAccounts` of the provider.',
  },
} as const satisfies Partial<Record<ErrorName, Guide>>
