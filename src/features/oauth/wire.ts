import type { Static } from 'typebox'
import type { OperationShape } from '../../http/caller.ts'
import { Type } from '../../protocol/schema.ts'
import { device, giveUp, LoggedIn, proof } from '../accounts/wire.ts'

const token = Type.Optional(
  Type.String({ maxLength: 256, description: 'The SKey; JSON bodies may send it as Bearer' }),
)
const Name = Type.Text(40, { description: 'Name of a provider' })
/** RFC 7636. */
const verifierPattern = '^[A-Za-z0-9._~-]{43,128}$'

/** What an app has at the end of a flow. */
const handed = {
  verifier: Type.String({
    pattern: verifierPattern,
    description: 'Base64url of its SHA-256 was the challenge',
  }),
  code: Type.Optional(Type.Text(64, { description: 'What the browser brought to the redirect target' })),
  flow: Type.Optional(
    Type.Text(64, { description: 'Of a flow without a browser, with one of the next two' }),
  ),
  idToken: Type.Optional(
    Type.String({ maxLength: 8_192, description: 'An ID token that the provider’s SDK got for the nonce' }),
  ),
  providerCode: Type.Optional(
    Type.String({ maxLength: 2_048, description: 'A code that the provider’s SDK got' }),
  ),
}
const Handed = Type.Object(handed)
export type Handed = Static<typeof Handed>

export const providersShape = {
  path: '/v1/oauth/providers',
  aliases: [],
  summary: 'The providers by which users of this app can log in',
  limit: 'oauth',
  replay: 'read',
  input: Type.Object({}),
  reply: Type.Object({
    providers: Type.Array(
      Type.Object({
        provider: Type.String({ description: 'Its name in the other calls' }),
        title: Type.String({ description: 'What to write on the button' }),
        kind: Type.String({ description: 'oidc, oauth2' }),
        native: Type.Array(Type.String(), {
          description: 'What its own SDK may hand in: idToken, providerCode',
        }),
      }),
    ),
  }),
} as const satisfies OperationShape

export const startShape = {
  path: '/v1/oauth/start',
  aliases: [],
  summary: 'Begins a login at a provider',
  limit: 'oauth',
  replay: 'read',
  input: Type.Object({
    provider: Name,
    challenge: Type.String({
      pattern: '^[A-Za-z0-9_-]{43}$',
      description: 'Base64url of the SHA-256 of a verifier that the app keeps',
    }),
    redirect: Type.Optional(
      Type.String({
        maxLength: 512,
        description:
          'Where the browser goes afterwards, as the app has listed it; without, the app asks by itself',
      }),
    ),
  }),
  reply: Type.Object({
    flow: Type.String(),
    expiresSeconds: Type.Integer(),
    url: Type.Optional(Type.String({ description: 'Open it in the browser' })),
    nonce: Type.Optional(Type.String({ description: 'Without a redirect: for the provider’s SDK' })),
  }),
} as const satisfies OperationShape

export type StartInput = Static<typeof startShape.input>
export type StartReply = Static<typeof startShape.reply>

export const finishShape = {
  path: '/v1/oauth/finish',
  aliases: [],
  summary: 'Logs in with what the provider said; an unknown user gets an account',
  limit: 'oauth',
  replay: 'login',
  // A name of its own: no bytes of a link may log in.
  input: Type.Object({ finish: Handed, device, giveUp, ...proof }),
  reply: Type.Object({
    ...LoggedIn.properties,
    isNew: Type.Boolean({ description: 'The account was made by this call' }),
    isJoined: Type.Boolean({
      description: 'The account was found by its e-mail address; everything else that opened it has ended',
    }),
  }),
} as const satisfies OperationShape

export type FinishInput = Static<typeof finishShape.input>
export type FinishReply = Static<typeof finishShape.reply>

const Identity = Type.Object({
  provider: Type.String(),
  name: Type.String({ description: 'What the provider calls the user; may be empty' }),
  linkedAt: Type.Integer({ description: 'Unix seconds' }),
})

export const linkShape = {
  path: '/v1/oauth/link',
  aliases: [],
  summary: 'Links an identity of a provider to the user',
  limit: 'oauth',
  replay: 'once',
  tiers: ['skey'],
  // By default: it is the setting password.freshSeconds.
  maxAuthAgeSeconds: 300,
  input: Type.Object({ token, link: Handed }),
  reply: Type.Object({ identity: Identity }),
} as const satisfies OperationShape

export type LinkInput = Static<typeof linkShape.input>
export type LinkedIdentity = Static<typeof Identity>

export const unlinkShape = {
  path: '/v1/oauth/unlink',
  aliases: [],
  summary: 'Unlinks the identity of a provider from the user',
  limit: 'oauth',
  replay: 'once',
  tiers: ['skey'],
  maxAuthAgeSeconds: 300,
  input: Type.Object({ token, unlink: Name }),
  reply: Type.Object({}),
} as const satisfies OperationShape

export const listShape = {
  path: '/v1/oauth/list',
  aliases: [],
  summary: 'The identities that the user has linked',
  limit: 'oauth',
  replay: 'read',
  tiers: ['skey'],
  input: Type.Object({ token }),
  reply: Type.Object({ identities: Type.Array(Identity) }),
} as const satisfies OperationShape
