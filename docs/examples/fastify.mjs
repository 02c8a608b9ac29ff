// Fastify: a backend that checks the logins of its users.
//
//   TORII_URL=https://login.example.com TORII_APPID=… TORII_APPSECRET=… PORT=3000 node fastify.mjs
import { bearerOf, createVerifier, isFailure } from '@torii/client/backend'
import fastify from 'fastify'

const { TORII_URL: url, TORII_APPID: appId, TORII_APPSECRET: appSecret, PORT: port = '3000' } = process.env
const verifier = createVerifier({ url, appId, appSecret })
const app = fastify()

app.addHook('preHandler', async (request) => {
  request.login = await verifier.check(bearerOf(request.headers.authorization))
})

// 401: log in again. 503: the login server is away, which says nothing about the user.
app.setErrorHandler((error, _request, reply) =>
  reply.code(isFailure(error, 'NOT_LOGGED_IN') ? 401 : 503).send({ error: error.name }),
)

app.get('/me', async ({ login }) => ({ hello: login.user.userName }))

console.log(await app.listen({ port: Number(port) }))
