/**
 * Receives Torii's calls for an SMS and hands each to a vendor once. `sms-aliyun.mjs` and `sms-twilio.mjs` use it.
 *
 *   SECRET  the value of sms.webhook.secret, whsec_…
 *   PORT    where to listen, on this machine; put TLS in front when Torii is on another
 */
import { createHmac, timingSafeEqual } from 'node:crypto'
import { createServer } from 'node:http'

const longestBody = 65_536
const oldestSeconds = 300
const mostRemembered = 100_000

const readBody = async (request) => {
  const chunks = []
  let length = 0
  for await (const chunk of request) {
    length += chunk.length
    if (length > longestBody) throw new Error('the call is too long')
    chunks.push(chunk)
  }
  return Buffer.concat(chunks)
}

/** Standard Webhooks: HMAC-SHA256 over id, time and body. There may be several signatures, as while a secret changes. */
const isSigned = (secret, headers, body) => {
  const { 'webhook-id': id = '', 'webhook-timestamp': time = '', 'webhook-signature': given = '' } = headers
  const ageSeconds = Math.abs(Date.now() / 1_000 - Number(time))
  if (!(ageSeconds <= oldestSeconds)) return false
  const wanted = createHmac('sha256', secret).update(`${id}.${time}.`).update(body).digest()
  return given.split(' ').some((one) => {
    const bytes = Buffer.from(one.replace(/^v1,/, ''), 'base64')
    return one.startsWith('v1,') && bytes.length === wanted.length && timingSafeEqual(bytes, wanted)
  })
}

/** `send` gets `{ to, text, kind, language, variables }` and an id; it returns the status that Torii is answered. */
export const listen = (send) => {
  const { SECRET = '', PORT = '8090' } = process.env
  const secret = Buffer.from(SECRET.replace(/^whsec_/, ''), 'base64')
  if (secret.length < 24) throw new Error('SECRET is not set, or too short')
  // A message that the vendor has taken is not sent again when the answer to Torii was lost.
  const taken = new Set()

  const handle = async (request) => {
    if (request.method !== 'POST') return 405
    const body = await readBody(request)
    if (!isSigned(secret, request.headers, body)) return 401
    const id = request.headers['webhook-id']
    if (taken.has(id)) return 200
    const status = await send(JSON.parse(body.toString('utf8')).data, id)
    if (status === 200) taken.add(id)
    if (taken.size > mostRemembered) taken.delete(taken.values().next().value)
    return status
  }

  const server = createServer((request, response) => {
    handle(request).then(
      (status) => response.writeHead(status).end(),
      (error) => {
        console.error(error.message)
        response.writeHead(502).end()
      },
    )
  })
  server.listen(Number(PORT), '127.0.0.1', () => console.log(`listening ${server.address().port}`))
}
