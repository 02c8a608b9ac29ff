// A service that checks tickets without a call for each: JWTs, by the public keys of the server and the list of what has
// ended. For an app or business whose tickets are JWTs: torii app set ID --ticket-format jwt
//
//   TORII_URL=https://login.example.com TORII_APPID=… TORII_APPSECRET=… AUDIENCE=… PORT=3000 node jwks.mjs
import { createServer } from 'node:http'
import { createRemoteJWKSet, jwtVerify } from 'jose'

const { TORII_URL: issuer, TORII_APPID: appid, TORII_APPSECRET: appsecret, PORT = '3000' } = process.env
// The id of a third-party app, for its OpenKeys; the name of a business, for its pSKeys.
const { AUDIENCE: audience = appid, TYPE: typ = 'openkey+jwt' } = process.env
const keys = createRemoteJWKSet(new URL('/.well-known/jwks.json', issuer))
const options = { issuer, audience, typ, algorithms: ['EdDSA', 'ES256'], requiredClaims: ['exp', 'sid'] }

let list = { logins: new Set(), consents: new Map(), notBefore: 0, version: '', at: 0 }

/** Twice a second; the same list is not sent again. */
const poll = async () => {
  const body = JSON.stringify({ appid, appsecret, known: list.version })
  const headers = { 'content-type': 'application/json' }
  const signal = AbortSignal.timeout(2_000)
  const url = new URL('/v1/ticket/revocations', issuer)
  const {
    code,
    isKnown,
    version,
    logins,
    consents,
    notBefore = 0,
  } = await (await fetch(url, { method: 'POST', headers, body, signal })).json()
  if (code !== 1000000) throw new Error(`refused: ${code}`)
  const at = Date.now()
  if (isKnown) list.at = at
  else {
    const epochs = new Map(consents.map(({ sub, below }) => [sub, below]))
    list = { logins: new Set(logins), consents: epochs, notBefore, version, at }
  }
}
const pollOn = () =>
  poll()
    .catch(console.error)
    .finally(() => setTimeout(pollOn, 500))
await poll().catch(console.error)
setTimeout(pollOn, 500)

const hasEnded = ({ sid, sub, consent = 0, iat }) =>
  list.logins.has(sid) || consent < (list.consents.get(sub) ?? 0) || iat < list.notBefore

createServer(async ({ headers }, response) => {
  const send = (status, body) => response.writeHead(status).end(JSON.stringify(body))
  // Without a fresh list nothing is known of logouts: that says nothing about the user, either.
  if (Date.now() - list.at > 5_000) return send(503, { error: 'NO_LIST' })
  const token = /^Bearer (\S+)$/i.exec(headers.authorization ?? '')?.[1] ?? ''
  const { payload } = await jwtVerify(token, keys, options).catch(() => ({}))
  if (!payload || hasEnded(payload)) return send(401, { error: 'NOT_LOGGED_IN' })
  send(200, { hello: payload.sub, scope: payload.scope })
}).listen(Number(PORT), '127.0.0.1', function () {
  console.log(`http://127.0.0.1:${this.address().port}`)
})
