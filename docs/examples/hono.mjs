// Hono: a backend that checks the logins of its users. Elsewhere than in Node, export `app` instead of the last line.
//
//   TORII_URL=https://login.example.com TORII_APPID=… TORII_APPSECRET=… PORT=3000 node hono.mjs
import { serve } from '@hono/node-server'
import { bearerOf, createVerifier, isFailure } from '@torii/client/backend'
import { Hono } from 'hono'

const { TORII_URL: url, TORII_APPID: appId, TORII_APPSECRET: appSecret, PORT: port = '3000' } = process.env
const verifier = createVerifier({ url, appId, appSecret })
const app = new Hono()

app.use(async (context, next) => {
  context.set('login', await verifier.check(bearerOf(context.req.header('authorization'))))
  await next()
})

// 401: log in again. 503: the login server is away, which says nothing about the user.
app.onError((error, context) =>
  context.json({ error: error.name }, isFailure(error, 'NOT_LOGGED_IN') ? 401 : 503),
)

app.get('/me', (context) => context.json({ hello: context.get('login').user.userName }))

serve({ fetch: app.fetch, port: Number(port) }, (place) => console.log(`http://127.0.0.1:${place.port}`))
