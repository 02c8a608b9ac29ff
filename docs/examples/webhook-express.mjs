// Express: a backend that keeps good tickets for a minute, and forgets those of a user whose login ends.
//
//   torii webhook add http://127.0.0.1:3000/torii --app ID --events login.ended,user.disabled,user.deleted
//   npm install standardwebhooks
//   TORII_URL=… TORII_APPID=… TORII_APPSECRET=… WEBHOOK_SECRET=whsec_… PORT=3000 node webhook-express.mjs
import { bearerOf, createVerifier, isFailure } from '@torii/client/backend'
import express from 'express'
import { Webhook } from 'standardwebhooks'

const { TORII_URL: url, TORII_APPID: appId, TORII_APPSECRET: appSecret, PORT: port = '3000' } = process.env
const verifier = createVerifier({ url, appId, appSecret, cacheSeconds: 60 })
const webhook = new Webhook(process.env.WEBHOOK_SECRET)
const app = express()

// An event may come twice. Of several processes each forgets for itself, so let each have a webhook of its own, or tell the others.
const had = new Set()
const mostRemembered = 10_000

// The signature is over the bytes of the body, so it is verified before anything parses them.
app.post('/torii', express.raw({ type: 'application/json', limit: '64kb' }), (request, response) => {
  let event
  try {
    event = webhook.verify(request.body, request.headers)
  } catch {
    return response.sendStatus(401)
  }
  const id = request.headers['webhook-id']
  if (!had.has(id)) {
    verifier.forget(event.data.userId)
    console.log(`${event.type} of ${event.data.userId}`)
    had.add(id)
    if (had.size > mostRemembered) had.delete(had.values().next().value)
  }
  response.sendStatus(204)
})

app.get('/me', async (request, response) => {
  try {
    const { user } = await verifier.check(bearerOf(request.headers.authorization))
    response.json({ hello: user.userName })
  } catch (error) {
    response.status(isFailure(error, 'NOT_LOGGED_IN') ? 401 : 503).json({ error: error.name })
  }
})

const server = app.listen(Number(port), '127.0.0.1', () =>
  console.log(`http://127.0.0.1:${server.address().port}`),
)
