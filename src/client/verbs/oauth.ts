import type { InputOf, ReplyOf } from '../call.ts'
import type { Core } from '../core.ts'
import { createWebVerifier } from './web-codes.ts'

type Handed = InputOf<'/v1/oauth/finish'>['finish']

/** A provider by which users of this app can log in. */
export type LoginProvider = ReplyOf<'/v1/oauth/providers'>['providers'][number]

/** An identity that the user has linked; `linkedAt` in unix seconds. */
export type Identity = ReplyOf<'/v1/oauth/list'>['identities'][number]

/** Keep `verifier` until the browser is back; the others are of the server. */
export type StartedOAuth = { verifier: string } & Pick<
  ReplyOf<'/v1/oauth/start'>,
  'flow' | 'url' | 'nonce' | 'expiresSeconds'
>

export type OAuthVerbs = {
  /**
   * The providers that are set up for this app, with what to write on their buttons.
   *
   * ```ts
   * const providers = await client.oauthProviders()   // [{ provider: 'github', title: 'GitHub', kind, native }]
   * ```
   */
  oauthProviders(): Promise<LoginProvider[]>
  /**
   * Begins a login at a provider. With `redirect`, one of the app's listed targets, open `url` in the browser: it comes
   * back with `flow` and `code` in the query, or with `flow` and `error`. Keep `verifier` in this tab meanwhile
   * (`sessionStorage`). Without `redirect` give `nonce` to the provider's own SDK. Throws PROVIDER_UNKNOWN,
   * TARGET_REFUSED, PROVIDER_FAILED.
   *
   * ```ts
   * const { flow, url, verifier } = await client.startOAuth({ provider: 'github', redirect: `${location.origin}/back` })
   * sessionStorage.setItem(flow, verifier)
   * location.href = url
   * ```
   */
  startOAuth(wanted: { provider: string; redirect?: string }): Promise<StartedOAuth>
  /**
   * Logs in with what the browser brought (`code`), or the provider's SDK (`flow` with `idToken` or `providerCode`). The
   * client keeps the tickets. Throws OAUTH_EXPIRED, PROVIDER_REFUSED, PROVIDER_FAILED, IDENTITY_UNKNOWN, ACCOUNT_DISABLED.
   *
   * ```ts
   * const came = new URLSearchParams(location.search)
   * const verifier = sessionStorage.getItem(came.get('flow'))
   * const { user, isNew } = await client.finishOAuth({ code: came.get('code'), verifier })
   * ```
   */
  finishOAuth(handed: Handed): Promise<ReplyOf<'/v1/oauth/finish'>>
  /**
   * Links an identity to the logged-in user, with the members of `finishOAuth`. The login must be fresh. Throws
   * FRESH_LOGIN_NEEDED, NOT_LOGGED_IN, IDENTITY_TAKEN, IDENTITY_LINKED, OAUTH_EXPIRED.
   *
   * ```ts
   * const { provider, name } = await client.linkIdentity({ code, verifier })
   * ```
   */
  linkIdentity(handed: Handed): Promise<Identity>
  /**
   * Takes an identity from the user. The login must be fresh. Throws FRESH_LOGIN_NEEDED, NOT_LOGGED_IN, LAST_LOGIN where
   * nothing would open the account any more, PARAMETER_INVALID for one that is not there.
   *
   * ```ts
   * await client.unlinkIdentity('github')
   * ```
   */
  unlinkIdentity(provider: string): Promise<void>
  /**
   * The identities that the user has linked. Throws NOT_LOGGED_IN.
   *
   * ```ts
   * const [identity] = await client.identities()   // { provider: 'github', name: 'amber', linkedAt }
   * ```
   */
  identities(): Promise<Identity[]>
}

export const createOAuthVerbs = ({ send, tickets, options: { device } }: Core): OAuthVerbs => ({
  oauthProviders: async () => (await send('/v1/oauth/providers', {})).providers,
  startOAuth: async (wanted) => {
    const { verifier, challenge } = createWebVerifier()
    const { flow, url, nonce, expiresSeconds } = await send(
      '/v1/oauth/start',
      Object.assign({ challenge }, wanted),
    )
    return {
      verifier,
      flow,
      expiresSeconds,
      ...(url !== undefined && { url }),
      ...(nonce !== undefined && { nonce }),
    }
  },
  finishOAuth: async (finish) => {
    const reply = await send('/v1/oauth/finish', { finish, ...(device && { device }) })
    await tickets.keep(reply)
    return reply
  },
  linkIdentity: async (link) =>
    (await tickets.withSKey((token) => send('/v1/oauth/link', { token, link }))).identity,
  unlinkIdentity: async (unlink) => {
    await tickets.withSKey((token) => send('/v1/oauth/unlink', { token, unlink }))
  },
  identities: async () => (await tickets.withSKey((token) => send('/v1/oauth/list', { token }))).identities,
})
