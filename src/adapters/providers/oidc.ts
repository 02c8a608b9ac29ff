/**
 * Speaks OpenID Connect: discovery, the code flow with PKCE and nonce, the issuer in the answer (RFC 9207), and ID tokens
 * of a provider's own SDK. The package does the checks, and is loaded by the first login.
 */
import type { Configuration, CustomFetch, IDToken, UserInfoResponse } from 'openid-client'
import { Failure } from '../../protocol/errors.ts'
import type { Clock } from '../clock.ts'
import type { OutgoingFetch } from '../fetch.ts'
import type { AuthorizeAsked, FinishAsked, OidcProvider, ProviderDriver, ProviderProfile } from './driver.ts'
import { explainProvider, explainToken, nameOfForm } from './oidc-answers.ts'

export type OidcNeeds = {
  provider: OidcProvider
  /** What goes with the client id, for this call. Throws an error that says what is wrong with the configured one. */
  makeClientSecret(): string
  fetch: OutgoingFetch
  clock: Pick<Clock, 'elapsed'>
}

/** Keys are fetched anew when a token names an unknown one; the rest changes rarely. */
const discoveredMs = 3_600_000
/** However many logins begin, a provider that fails is asked once in this time. */
const failedMs = 1_000

export const loadClient = () => import('openid-client')

/** The package's calls, by our own way out. */
const adaptFetch =
  (fetch: OutgoingFetch): CustomFetch =>
  async (url, { method, headers, body }) => {
    const call = {
      method: method === 'POST' ? ('POST' as const) : ('GET' as const),
      headers: Object.fromEntries(new Headers(headers)),
      body: body == null ? undefined : String(body),
    }
    const reply = await fetch(url, call)
    return new Response([204, 304].includes(reply.status) ? null : reply.text, {
      status: reply.status,
      headers: reply.headers,
    })
  }

type Claims = Partial<IDToken & UserInfoResponse>

const toProfile = (issuer: string, subject: string, claims: Claims, formName?: string): ProviderProfile => {
  const { email, email_verified: isVerified, name = formName, picture } = claims
  return {
    issuer,
    subject,
    // Apple says "true" as a text.
    ...(typeof email === 'string' && {
      email: { address: email, isVerified: String(isVerified) === 'true' },
    }),
    ...(typeof name === 'string' && { name }),
    ...(typeof picture === 'string' && { picture }),
  }
}

export const createOidcDriver = ({ provider, makeClientSecret, fetch, clock }: OidcNeeds): ProviderDriver => {
  const { name, issuer, clientId, clientSecret, scopes, responseMode } = provider
  const known = new Map<string, { until: number; configuration: Promise<Configuration> }>()

  const discover = async (id: string, isForTokens: boolean): Promise<Configuration> => {
    const client = await loadClient()
    const { ClientSecretBasic, ClientSecretPost, None, allowInsecureRequests } = client
    const authenticate: ReturnType<typeof None> = (server, ...rest) => {
      const { token_endpoint_auth_methods_supported: methods = ['client_secret_basic'] } = server
      const choose = methods.includes('client_secret_basic') ? ClientSecretBasic : ClientSecretPost
      choose(makeClientSecret())(server, ...rest)
    }
    const url = new URL(issuer)
    return client.discovery(url, id, {}, clientSecret === '' ? None() : authenticate, {
      [client.customFetch]: adaptFetch(fetch),
      execute: [
        isForTokens ? client.useIdTokenResponseType : client.enableNonRepudiationChecks,
        // Without TLS the way out reaches this machine alone, and that in a trial.
        ...(url.protocol === 'http:' ? [allowInsecureRequests] : []),
      ],
    })
  }

  /** One discovery at a time; one that failed is soon forgotten. */
  const configure = (id: string, isForTokens = false): Promise<Configuration> => {
    const key = `${isForTokens} ${id}`
    const found = known.get(key)
    if (found && found.until > clock.elapsed()) return found.configuration
    const configuration = discover(id, isForTokens)
    known.set(key, { until: clock.elapsed() + discoveredMs, configuration })
    configuration.catch(() => {
      known.set(key, { until: clock.elapsed() + failedMs, configuration })
    })
    return configuration
  }

  const explain = (error: unknown) => explainProvider(name, error)

  /** The claims of the ID token; those of the user info endpoint where the token has neither name nor address. */
  const findClaims = async (
    configuration: Configuration,
    claims: Claims & { sub: string },
    token: string,
  ) => {
    const { userinfo_endpoint: endpoint } = configuration.serverMetadata()
    const isEnough = claims.name !== undefined || claims.email !== undefined || scopes.length < 2
    if (isEnough || endpoint === undefined) return claims
    const { fetchUserInfo } = await loadClient()
    return fetchUserInfo(configuration, token, claims.sub)
  }

  const finish = async (asked: FinishAsked): Promise<ProviderProfile> => {
    const { callback, redirectUri, state, nonce, verifier, isNative = false } = asked
    if (isNative) throw new Failure('PROVIDER_REFUSED', { info: 'send an ID token' })
    const { authorizationCodeGrant } = await loadClient()
    const configuration = await configure(clientId)
    const url = new URL(redirectUri)
    url.search = callback.toString()
    const tokens = await authorizationCodeGrant(configuration, url, {
      expectedState: state,
      expectedNonce: nonce,
      pkceCodeVerifier: verifier,
      idTokenExpected: true,
    })
    const claims = tokens.claims()
    if (!claims) throw new Error('no ID token')
    const found = await findClaims(configuration, claims, tokens.access_token)
    return toProfile(claims.iss, claims.sub, found, nameOfForm(callback.get('user')))
  }

  /** Of the client ids that the token may be for, the one that it says it is for; what it says is checked after. */
  const clientOfToken = (idToken: string): string => {
    const { aud } = JSON.parse(Buffer.from(idToken.split('.')[1] ?? '', 'base64url').toString())
    return [clientId, ...provider.nativeClientIds].find((id) => id === aud) ?? clientId
  }

  const finishIdToken = async ({ idToken, nonce }: { idToken: string; nonce: string }) => {
    const { implicitAuthentication } = await loadClient()
    const configuration = await configure(clientOfToken(idToken), true)
    const url = new URL(`https://native.invalid/#${new URLSearchParams({ id_token: idToken })}`)
    const claims = await implicitAuthentication(configuration, url, nonce)
    return toProfile(claims.iss, claims.sub, claims)
  }

  const authorizeUrl = async ({ redirectUri, state, nonce, challenge }: AuthorizeAsked): Promise<string> => {
    const { buildAuthorizationUrl } = await loadClient()
    const { href, protocol } = buildAuthorizationUrl(await configure(clientId), {
      redirect_uri: redirectUri,
      scope: scopes.join(' '),
      state,
      nonce,
      code_challenge: challenge,
      code_challenge_method: 'S256',
      ...(responseMode === 'form_post' && { response_mode: 'form_post' }),
    })
    // A discovery may say javascript:, and apps open what they get.
    if (protocol !== new URL(issuer).protocol) throw new Error(`its page of ${protocol} is none of https:`)
    return href
  }

  return {
    authorizeUrl: (asked) => authorizeUrl(asked).catch(explain),
    finish: (asked) => finish(asked).catch(explain),
    finishIdToken: (asked) => finishIdToken(asked).catch((error) => explainToken(name, error)),
    test: async () => {
      try {
        const { jwks_uri: keys = '' } = (await configure(clientId)).serverMetadata()
        const { status } = await fetch(keys)
        return status === 200 ? { ok: true } : { ok: false, reason: `${keys}: answers ${status}` }
      } catch (error) {
        return { ok: false, reason: describe(error) }
      }
    },
  }
}

const describe = (error: unknown): string => {
  const { message, cause } = error as Error
  return cause instanceof Error ? `${message}: ${describe(cause)}` : message
}
