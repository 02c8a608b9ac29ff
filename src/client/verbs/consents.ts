import type { ReplyOf } from '../call.ts'
import type { Core } from '../core.ts'
import { ClientFailure } from '../failure.ts'

/** What the user has agreed to for a third-party app; `grantedAt` in unix seconds. */
export type UserConsent = ReplyOf<'/v1/consent/list'>['consents'][number]

/** A third-party app by its id, and what it gets; without `scopes` all that the user has agreed to. */
export type OpenKeyWanted = { app: string; scopes?: string[] }

export type ConsentVerbs = {
  /**
   * What the user has agreed to, for each third-party app. Throws NOT_LOGGED_IN.
   *
   * ```ts
   * const [consent] = await client.listConsents()   // { app, name: 'Map', scopes: ['openid', 'profile'], grantedAt }
   * ```
   */
  listConsents(): Promise<UserConsent[]>
  /**
   * The user agrees: call it only after a page of yours has said so. Scopes are added to those of before; `openid` is
   * always one of them. Throws NOT_LOGGED_IN, NOT_IN_LIST for another app or scope.
   *
   * ```ts
   * const { scopes } = await client.grantConsent({ app: mapId, scopes: ['profile'] })
   * ```
   */
  grantConsent(wanted: OpenKeyWanted): Promise<UserConsent>
  /**
   * The user takes a consent back: all OpenKeys of the app for this user end. Throws NOT_LOGGED_IN.
   *
   * ```ts
   * await client.revokeConsent(mapId)
   * ```
   */
  revokeConsent(app: string): Promise<void>
  /**
   * A ticket for a third-party app, to hand to it: it lives for 2 hours at most, or 10 minutes as a JWT. Throws
   * CONSENT_NEEDED with `name` and `scopes` to ask the user for, NOT_LOGGED_IN, NOT_IN_LIST.
   *
   * ```ts
   * const openKey = await client.openKey({ app: mapId, scopes: ['profile'] })
   * ```
   */
  openKey(wanted: OpenKeyWanted): Promise<string>
}

export const createConsentVerbs = ({ send, tickets }: Core): ConsentVerbs => ({
  listConsents: async () => {
    const { consents } = await tickets.withSKey((token) => send('/v1/consent/list', { token }))
    return consents
  },
  grantConsent: async ({ app: grantTo, scopes }) => {
    const wanted = scopes ? { grantTo, scopes } : { grantTo }
    const { consent } = await tickets.withSKey((token) => send('/v1/consent/grant', { token, ...wanted }))
    return consent
  },
  revokeConsent: async (revokeFrom) => {
    await tickets.withSKey((token) => send('/v1/consent/revoke', { token, revokeFrom }))
  },
  openKey: async ({ app, scopes }) => {
    const wanted = scopes ? { app, scopes } : { app }
    const { tickets: got } = await tickets.withSKey((token) =>
      send('/v1/ticket/exchange', { token, to: 'openkey', ...wanted }),
    )
    if (!got.openkey) throw new ClientFailure('REPLY_UNREADABLE')
    return got.openkey
  },
})
