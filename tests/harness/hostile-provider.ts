/** An OpenID Connect provider that tells a lie: each answer is right until a test replaces it. */
import { generateKeyPairSync, type KeyObject, sign } from 'node:crypto'
import type { Test } from 'tap'
import { type Answers, type Asked, json, openPlainProvider } from './plain-provider.ts'
import { plant } from './planted.ts'

type Claims = Record<string, unknown>
export type SigningKey = { kid: string; privateKey: KeyObject; jwk: Record<string, unknown> }

export const createSigningKey = (kid: string): SigningKey => {
  const { privateKey, publicKey } = generateKeyPairSync('rsa', { modulusLength: 2_048 })
  return { kid, privateKey, jwk: { ...publicKey.export({ format: 'jwk' }), kid, alg: 'RS256', use: 'sig' } }
}

const encode = (value: unknown) => Buffer.from(JSON.stringify(value)).toString('base64url')

export const signToken = (claims: Claims, { kid, privateKey }: SigningKey): string => {
  const text = `${encode({ alg: 'RS256', kid })}.${encode(claims)}`
  return `${text}.${sign('sha256', Buffer.from(text), privateKey).toString('base64url')}`
}

export const unsignedToken = (claims: Claims): string => `${encode({ alg: 'none' })}.${encode(claims)}.`

export const openHostileProvider = async (t: Test) => {
  const key = createSigningKey('first')
  const answers: Answers = {}
  const { url: issuer, asked } = await openPlainProvider(t, answers)
  const clientId = 'torii'
  const clientSecret = `hostile-secret-${issuer.slice(-5)}-kept`
  plant(clientSecret)

  const discovery: Claims = {
    issuer,
    authorization_endpoint: `${issuer}/auth`,
    token_endpoint: `${issuer}/token`,
    userinfo_endpoint: `${issuer}/me`,
    jwks_uri: `${issuer}/jwks`,
    response_types_supported: ['code'],
    subject_types_supported: ['public'],
    id_token_signing_alg_values_supported: ['RS256'],
    token_endpoint_auth_methods_supported: ['client_secret_post'],
  }
  /** The nonce of the login that is under way. */
  let nonce = ''
  const honestClaims = (): Claims => {
    const seconds = Math.floor(Date.now() / 1_000)
    return { iss: issuer, sub: 'honest', aud: clientId, iat: seconds, exp: seconds + 300, nonce }
  }
  const giveTokens = (idToken: string) => json({ access_token: 'a', token_type: 'Bearer', id_token: idToken })
  const honest: Answers = {
    'GET /.well-known/openid-configuration': () => json(discovery),
    'GET /jwks': () => json({ keys: [key.jwk] }),
    'POST /token': () => giveTokens(signToken(honestClaims(), key)),
    'GET /me': () => json({ sub: 'honest', name: 'Honest' }),
  }
  Object.assign(answers, honest)
  return {
    issuer,
    key,
    asked: asked as readonly Asked[],
    discovery,
    honestClaims,
    giveTokens,
    row: { kind: 'oidc', issuer, scopes: ['openid', 'profile'], clientId, clientSecret },
    answer: (more: Answers) => Object.assign(answers, more),
    becomeHonest: () => Object.assign(answers, honest),
    /** What the browser would do: reads the nonce and goes back with a code. */
    visit: (url: string): URL => {
      const { searchParams } = new URL(url)
      nonce = searchParams.get('nonce') ?? ''
      const to = new URL(searchParams.get('redirect_uri') ?? '')
      to.search = String(new URLSearchParams({ code: 'a-code', state: searchParams.get('state') ?? '' }))
      return to
    },
  }
}
