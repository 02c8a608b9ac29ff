/** What a provider is: a row of `config/providers.json`, and a driver that speaks its protocol. */

/** Members that every kind of provider has. A kind adds its own. */
export type Provider = {
  /** On the wire and in the database: lower-case letters and digits, 32 at most. */
  name: string
  /** What people call it. */
  title: string
  titleChinese: string
  kind: 'oidc' | 'oauth2'
  clientId: string
  /** Empty for a public client. */
  clientSecret: string
  scopes: readonly string[]
  /** How the browser comes back: by a redirect, or by a form that it posts (Apple). */
  responseMode: 'query' | 'form_post'
  /** Ids of the apps whose users may come by it; `*` is all. */
  apps: readonly string[]
  /** A user who is unknown here gets an account. */
  createsAccounts: boolean
  /** An e-mail address that it calls verified counts as verified here: it finds an account, or becomes a new one's. */
  trustsEmail: boolean
  /** Of kind `oauth2`: takes a code that the provider's own SDK got on a phone; no PKCE binds it to its login. */
  acceptsNativeCode: boolean
}

/** Of kind `oidc`: the rest is discovered. */
export type OidcProvider = Provider & {
  kind: 'oidc'
  issuer: string
  /** Further client ids of the same program, such as its phone apps: an ID token may be for one of them. */
  nativeClientIds: readonly string[]
}

/** Who has logged in at a provider. Nothing in it is trusted but issuer and subject. */
export type ProviderProfile = {
  /** Never reassigned by its issuer; 255 bytes at most. */
  subject: string
  issuer: string
  email?: { address: string; isVerified: boolean }
  name?: string
  picture?: string
  /** The provider whose users these are, where it is not the one that was asked. */
  usersOf?: string
}

export type AuthorizeAsked = {
  /** The page of this server for this provider: `/oauth/callback/NAME` behind `server.publicUrl`. */
  redirectUri: string
  state: string
  nonce: string
  /** PKCE, S256. */
  challenge: string
}

export type FinishAsked = {
  /** What the browser brought back. Of a native code: `code` and `state` alone. */
  callback: URLSearchParams
  redirectUri: string
  state: string
  nonce: string
  /** PKCE. */
  verifier: string
  /** The code is from the provider's own SDK: no redirect URI and no verifier go with it. Only of kind `oauth2`. */
  isNative?: boolean
}

/**
 * Throws Failure: PROVIDER_REFUSED, where the user or the provider said no, or PROVIDER_FAILED, with a cause for the log
 * that names what to mend. Everything that it sends goes through `adapters/fetch`.
 */
export type ProviderDriver = {
  authorizeUrl(asked: AuthorizeAsked): Promise<string>
  finish(asked: FinishAsked): Promise<ProviderProfile>
  /** The user of an ID token that the provider's SDK got for a nonce. Only of kind `oidc`. */
  finishIdToken?(asked: { idToken: string; nonce: string }): Promise<ProviderProfile>
  test(): Promise<{ ok: true } | { ok: false; reason: string }>
}

export type OpenProvider = {
  provider: Provider
  driver: ProviderDriver
  /** Loads what the first login would. */
  load(): Promise<unknown>
  /** What an administrator has to mend, as far as logins have shown it; empty: nothing. */
  problem(): string
}

/** By name, in the order of the configuration. `World.providers` for the features. */
export type Providers = ReadonlyMap<string, OpenProvider>
