/** RFC 7662: the standard way to ask whose a ticket is, for gateways and frameworks that know it. */
import type { CallerTicket } from '../../http/caller.ts'
import type { Endpoint, EndpointReply, EndpointRequest } from '../../http/endpoints.ts'
import { Failure } from '../../protocol/errors.ts'
import type { Apps } from '../apps/api.ts'
import { introspectionNames, readAsked, readAskedQuery } from './asked.ts'
import { authenticateApp, type Credentials, readBasic } from './credentials.ts'
import { readDemands } from './demands.ts'
import { seconds } from './describe.ts'
import { refuseOAuth } from './oauth-errors.ts'
import type { LiveVerdict, Verdict, Verify } from './verify.ts'

export type IntrospectNeeds = {
  apps: Pick<Apps, 'check'>
  verify: Verify
  cacheHeaders(verdicts: readonly Verdict[]): Record<string, string>
}

const mostToken = 256

const subjectOf = ({ tier, openId, userId, user }: CallerTicket) =>
  tier === 'openkey'
    ? { sub: openId ?? '' }
    : { sub: String(userId), username: user.userName, name: user.nickName }

const describe = ({ ticket, told }: LiveVerdict) => ({
  active: true,
  token_type: 'Bearer',
  ...subjectOf(ticket),
  client_id: ticket.appId,
  ...(ticket.scopes !== undefined && { scope: ticket.scopes.join(' ') }),
  iat: seconds(ticket.issuedAt),
  exp: seconds(ticket.expiresAt),
  // RFC 9470: a resource that needs a fresh login judges this.
  auth_time: seconds(ticket.authenticatedAt),
  tier: ticket.tier,
  ...(ticket.business !== undefined && { business: ticket.business }),
  ...told,
})

/** Either of the two ways; both at once are refused, since they might name two apps. */
const readCredentials = ({ form, header }: EndpointRequest): Credentials | undefined => {
  const [appId, appSecret] = [form.get('client_id'), form.get('client_secret')]
  const authorization = header('authorization')
  if (appSecret === undefined || appId === undefined) return readBasic(authorization)
  if (authorization !== undefined) throw new Failure('PARAMETER_INVALID', { info: 'client_secret' })
  return { appId, appSecret }
}

export const createIntrospect = ({ apps, verify, cacheHeaders }: IntrospectNeeds): Endpoint => {
  const handle = async (request: EndpointRequest): Promise<EndpointReply> => {
    const app = await authenticateApp(apps, readCredentials(request), request)
    const token = request.form.get('token')
    if (token === undefined) throw new Failure('PARAMETER_MISSING', { info: 'token' })
    const asked = readAsked(readAskedQuery(request.query, introspectionNames))
    const demands = readDemands(asked, app)
    // Nothing of that length is a ticket; it is no reason to refuse the call.
    const tokens = token.length > mostToken ? [] : [token]
    const verdicts = await verify(tokens, demands, app)
    const [verdict] = verdicts
    // RFC 7662 section 2.2: not a word of why.
    if (verdict?.state !== 'live') return { status: 200, json: { active: false } }
    return { status: 200, headers: cacheHeaders(verdicts), json: describe(verdict) }
  }
  return {
    path: '/oauth/introspect',
    methods: ['POST'],
    limit: 'ticketVerify',
    handle,
    refuse: (failure) => refuseOAuth(failure, 401),
  }
}
