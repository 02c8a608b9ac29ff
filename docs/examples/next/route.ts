// Next.js: app/api/me/route.ts, a route handler that checks the login of its caller. Set TORII_URL, TORII_APPID and
// TORII_APPSECRET in .env.local.
import { bearerOf, createVerifier, isFailure } from '@torii/client/backend'

// `next build` loads this file without the settings, too.
const { TORII_URL: url = 'http://127.0.0.1:8080', TORII_APPID = '', TORII_APPSECRET = '' } = process.env
const verifier = createVerifier({ url, appId: TORII_APPID, appSecret: TORII_APPSECRET })

export const GET = async (request: Request): Promise<Response> => {
  try {
    const { user } = await verifier.check(bearerOf(request.headers.get('authorization')))
    return Response.json({ hello: user.userName })
  } catch (error) {
    // 401: log in again. 503: the login server is away, which says nothing about the user.
    const status = isFailure(error, 'NOT_LOGGED_IN') ? 401 : 503
    return Response.json({ error: error instanceof Error ? error.name : 'unknown' }, { status })
  }
}
