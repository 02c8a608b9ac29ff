import {
  flag,
  limit,
  listOf,
  mapOf,
  oneOf,
  secret,
  section,
  table,
  text,
  texts,
} from '../../config/fields.ts'
import { Type } from '../../protocol/schema.ts'

/** Values that stand in braces in the templates of a provider; `{token.…}` and `{name.…}` are members of its answers. */
const standardAuthorize =
  'response_type=code&client_id={clientId}&redirect_uri={redirectUri}&scope={scopes}&state={state}' +
  '&code_challenge={challenge}&code_challenge_method=S256'
const standardToken =
  'grant_type=authorization_code&client_id={clientId}&client_secret={clientSecret}&code={code}' +
  '&redirect_uri={redirectUri}&code_verifier={verifier}'

const call = section({
  name: text('', 'What fields call the answer, as user in user.id'),
  url: text('', 'Where to ask, a template'),
  header: text('authorization: Bearer {accessToken}', 'A header of the call, a template; empty: none'),
  optional: flag(false, 'A login goes on when this call fails'),
})

/** How the answers of a provider differ from those of others. */
const quirks = section({
  authorizeQuery: text(standardAuthorize, 'The query of authorizeUrl, a template'),
  authorizeFragment: text('', 'What follows the query behind a #'),
  scopeSeparator: oneOf([' ', ','], 'What stands between scopes'),
  codeMember: text('code', 'The member of the answer that has the code'),
  tokenSend: oneOf(
    ['form', 'json', 'query'],
    'How tokenQuery goes to tokenUrl: as a body, or by GET in the query',
  ),
  tokenQuery: text(standardToken, 'What goes to tokenUrl, a template'),
  accessToken: text('token.access_token', 'Where the answer has the access token'),
  errorMembers: Type.Array(Type.String(), {
    default: ['error'],
    description: 'Members of an answer that tell a failure, unless they are 0 or empty',
  }),
  secretForm: oneOf(
    ['text', 'apple'],
    'apple: clientSecret is the private key (PEM) that signs the secret of each call',
  ),
  teamId: text('', 'Of secretForm apple: the team'),
  keyId: text('', 'Of secretForm apple: the key'),
})

const fields = section({
  subject: text('', 'What never changes of a user, as user.id'),
  email: text(
    '',
    'An e-mail address, as emails.[primary].email: of the first item whose member primary is true',
  ),
  emailVerified: text('', 'Whether the provider has verified that address'),
  name: text('', 'What the user is called'),
  picture: text('', 'The URL of a picture'),
})

const provider = section({
  kind: oneOf(['oidc', 'oauth2'], 'OpenID Connect by discovery, or plain OAuth 2'),
  title: text('', 'The name that users see; empty: the name of the row'),
  titleChinese: text('', 'That name in Chinese; empty: title'),
  clientId: text('', 'What the provider calls this server; empty: the provider is off'),
  clientSecret: secret('The secret that goes with clientId'),
  scopes: texts('What is asked for'),
  responseMode: oneOf(
    ['query', 'form_post'],
    'How the browser comes back: by a redirect, or by a form that it posts',
  ),
  apps: Type.Array(Type.String(), {
    default: ['*'],
    description: 'Ids of the apps whose users may come by it; * is all',
  }),
  createsAccounts: flag(true, 'A user who is unknown here gets an account'),
  trustsEmail: flag(
    false,
    'An e-mail address that the provider calls verified counts as verified here: it finds an account',
  ),
  acceptsNativeCode: flag(
    false,
    "Of oauth2: takes a code that the provider's own SDK got on a phone; nothing binds such a code to its login",
  ),
  usersOf: text(
    '',
    'Another row that has the same users, with the same issuer and subjects: an identity of one is of both',
  ),
  nativeClientIds: texts('Of oidc: further client ids of the same program, such as its phone apps'),
  issuer: text('', 'Of oidc: the issuer, without /.well-known/…; of oauth2 it only names the identities'),
  authorizeUrl: text('', 'Of oauth2: where the browser is sent'),
  tokenUrl: text('', 'Of oauth2: where a code becomes an access token'),
  calls: listOf(call, 'Of oauth2: the calls that tell who the user is, in this order'),
  fields,
  quirks,
})

export const providers = mapOf(
  provider,
  '^[a-z][a-z0-9]{0,31}$',
  'Login providers by name, in addition to those of config/providers.json; members that are given replace theirs',
)

export const tables = { identities: table('identities') }

export const limits = { oauth: limit(60, 30) }
