/**
 * For gateways that decide by a status: `auth_request` of nginx, `forward_auth` of Caddy and Traefik. The gateway names
 * itself in headers of its own, passes on the user's `Authorization`, and its URL has the demands.
 */
import type { CallerTicket } from '../../http/caller.ts'
import type { Endpoint, EndpointReply, EndpointRequest } from '../../http/endpoints.ts'
import { Failure } from '../../protocol/errors.ts'
import type { Apps } from '../apps/api.ts'
import { gatewayNames, readAsked, readAskedQuery } from './asked.ts'
import { authenticateApp, type Credentials } from './credentials.ts'
import { readDemands } from './demands.ts'
import { refuseOAuth } from './oauth-errors.ts'
import type { Verdict, Verify } from './verify.ts'

export type GatewayNeeds = {
  apps: Pick<Apps, 'check'>
  verify: Verify
  cacheHeaders(verdicts: readonly Verdict[]): Record<string, string>
}

const mostHeader = 256

/** Percent-encoded where it is not plain: a header is bytes, and a name has any character. */
const subjectOf = ({ tier, openId, userId, user }: CallerTicket): Record<string, string> =>
  tier === 'openkey'
    ? { 'x-torii-open-id': openId ?? '' }
    : { 'x-torii-user': String(userId), 'x-torii-user-name': encodeURIComponent(user.userName) }

/** Every name, empty without a value: a gateway that copies them replaces whatever the user sent under them. */
const headersOf = (ticket: CallerTicket): Record<string, string> => ({
  'x-torii-user': '',
  'x-torii-user-name': '',
  'x-torii-open-id': '',
  ...subjectOf(ticket),
  'x-torii-app': ticket.appId,
  'x-torii-tier': ticket.tier,
  'x-torii-business': ticket.business ?? '',
  'x-torii-scopes': (ticket.scopes ?? []).join(' '),
})

const readCredentials = ({ header }: EndpointRequest): Credentials | undefined => {
  const [appId, appSecret] = [header('x-torii-app-id'), header('x-torii-app-secret')]
  if (appId === undefined || appSecret === undefined) return undefined
  return appId.length > mostHeader || appSecret.length > mostHeader ? undefined : { appId, appSecret }
}

const readBearer = (header = ''): string | undefined => /^Bearer +([\x21-\x7e]{1,256})$/i.exec(header)?.[1]

/**
 * The path that the user called, without its query. A gateway sets one of the two; some pass on the headers of the user,
 * who must not name another path by the other.
 */
const readRoute = ({ header }: EndpointRequest): string | undefined => {
  const [named, forwarded] = ['x-torii-route', 'x-forwarded-uri'].map((name) => header(name)?.split('?')[0])
  if (named !== undefined && forwarded !== undefined && named !== forwarded)
    throw new Failure('PARAMETER_INVALID', { info: 'X-Torii-Route' })
  return named ?? forwarded
}

const challenge = (text: string): Record<string, string> => ({ 'www-authenticate': `Bearer ${text}` })

/** RFC 6750 and RFC 9470: 401 where another or a fresher ticket helps, 403 where none does. */
const refuseTicket = (verdict: Exclude<Verdict, { state: 'live' }>): EndpointReply => {
  if (verdict.state === 'ended') {
    return { status: 401, headers: challenge('realm="torii", error="invalid_token"') }
  }
  const { entry, options } = verdict.failure
  const code = `torii_code="${entry.code}"`
  const { maxAuthAge } = options.members ?? {}
  if (maxAuthAge !== undefined) {
    const text = `realm="torii", error="insufficient_user_authentication", max_age="${maxAuthAge}", ${code}`
    return { status: 401, headers: challenge(text) }
  }
  return { status: 403, headers: challenge(`realm="torii", error="insufficient_scope", ${code}`) }
}

export const createGateway = ({ apps, verify, cacheHeaders }: GatewayNeeds): Endpoint => {
  const handle = async (request: EndpointRequest): Promise<EndpointReply> => {
    const app = await authenticateApp(apps, readCredentials(request), request)
    const asked = readAskedQuery(request.query, gatewayNames)
    // Only a business has routes.
    const route = asked.route ?? (asked.business === undefined ? undefined : readRoute(request))
    const demands = readDemands(readAsked({ ...asked, ...(route !== undefined && { route }) }), app)
    const token = readBearer(request.header('authorization'))
    const verdicts = await verify(token === undefined ? [] : [token], demands, app)
    const [verdict = { state: 'ended', reason: 'unknown' } as const] = verdicts
    if (verdict.state !== 'live') return refuseTicket(verdict)
    const cached = cacheHeaders(verdicts)
    const headers = { ...cached, vary: 'Authorization', ...headersOf(verdict.ticket) }
    // A gateway that keeps answers asks with their tag. A user's own `*` must not make this a 304.
    const isKept = cached.etag !== undefined && request.header('if-none-match') === cached.etag
    return { status: isKept ? 304 : 200, headers }
  }
  return {
    path: '/v1/ticket/gateway',
    methods: ['GET'],
    limit: 'ticketVerify',
    handle,
    // 400, not 401: the user cannot mend the credentials of a gateway by logging in.
    refuse: (failure) => refuseOAuth(failure, 400),
  }
}
