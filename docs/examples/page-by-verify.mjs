// A page that only logged-in users see, by /v1/ticket/verify. The ticket is in an HttpOnly cookie of this service.
//
//   TORII_URL=https://login.example.com TORII_APPID=… TORII_APPSECRET=… PORT=3000 node page-by-verify.mjs
import { createServer } from 'node:http'
import { bearerOf, createVerifier, isFailure } from '@torii/client/backend'

const { TORII_URL: url, TORII_APPID: appId, TORII_APPSECRET: appSecret, PORT: port = '3000' } = process.env
const verifier = createVerifier({ url, appId, appSecret })

// A browser sends __Host- cookies to this host alone, over TLS alone, and Strict ones with no link from elsewhere.
const cookieOf = (ticket) => `__Host-session=${ticket}; Path=/; Secure; HttpOnly; SameSite=Strict`
const ticketOf = ({ cookie = '', authorization }) =>
  /(?:^|; )__Host-session=([\w-]+)/.exec(cookie)?.[1] ?? bearerOf(authorization)

const escapeHtml = (text) => text.replace(/[&<>"']/g, (sign) => `&#${sign.charCodeAt(0)};`)

// The page posts the SKey that it has redeemed; a form of another site has another origin.
const keepTicket = async ({ headers }, response) => {
  if (new URL(headers.origin ?? 'x://none').host !== headers.host) return response.writeHead(403).end()
  const ticket = bearerOf(headers.authorization)
  await verifier.check(ticket)
  response.writeHead(204, { 'set-cookie': cookieOf(ticket) }).end()
}

const showPage = async ({ headers }, response) => {
  const { user } = await verifier.check(ticketOf(headers))
  response.writeHead(200, { 'content-type': 'text/html; charset=utf-8', 'cache-control': 'no-store' })
  response.end(`<!doctype html><title>Yours alone</title><p>Hello ${escapeHtml(user.userName)}</p>`)
}

const routes = { 'POST /session': keepTicket, 'GET /': showPage }

const server = createServer(async (request, response) => {
  const route = routes[`${request.method} ${request.url}`]
  if (!route) return response.writeHead(404).end()
  try {
    await route(request, response)
  } catch (error) {
    // 401: log in again. 503: the login server is away, which says nothing about the user.
    response.writeHead(isFailure(error, 'NOT_LOGGED_IN') ? 401 : 503).end(error.name)
  }
})
server.listen(Number(port), () => console.log(`http://127.0.0.1:${server.address().port}`))
