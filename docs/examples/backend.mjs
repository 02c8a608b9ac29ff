// A backend that checks a login with the SDK: Fastify, and in comments the same for Express and Hono.
//
//   TORII_URL=https://login.example.com TORII_APPID=… TORII_APPSECRET=… PORT=3000 node backend.mjs
import fastify from 'fastify'
import { bearerOf, createVerifier, isFailure } from 'torii/client/backend'

const { TORII_URL: url, TORII_APPID: appId, TORII_APPSECRET: appSecret, PORT: port = '3000' } = process.env
const verifier = createVerifier({ url, appId, appSecret })
const app = fastify()

// Express: app.use(async (request, response, next) => { try { request.login = await verifier.check(
//   bearerOf(request.headers.authorization)); next() } catch (error) { response.sendStatus(statusOf(error)) } })
// Hono: app.use(async (context, next) => { context.set('login', await verifier.check(
//   bearerOf(context.req.header('authorization')))); await next() })
app.addHook('preHandler', async (request) => {
  request.login = await verifier.check(bearerOf(request.headers.authorization))
})
app.setErrorHandler((error, _request, reply) => reply.code(statusOf(error)).send({ error: error.name }))

// 401: log in again. 503: the login server is away, which says nothing about the user.
const statusOf = (error) => (isFailure(error, 'NOT_LOGGED_IN') ? 401 : 503)

app.get('/me', async ({ login }) => ({ hello: login.user.userName }))

console.log(await app.listen({ port: Number(port) }))
