// Express: a backend that checks the logins of its users.
//
//   TORII_URL=https://login.example.com TORII_APPID=… TORII_APPSECRET=… PORT=3000 node express.mjs
import { bearerOf, createVerifier, isFailure } from '@torii/client/backend'
import express from 'express'

const { TORII_URL: url, TORII_APPID: appId, TORII_APPSECRET: appSecret, PORT: port = '3000' } = process.env
const verifier = createVerifier({ url, appId, appSecret })
const app = express()

const checkLogin = async (request, response, next) => {
  try {
    response.locals.login = await verifier.check(bearerOf(request.headers.authorization))
    next()
  } catch (error) {
    // 401: log in again. 503: the login server is away, which says nothing about the user.
    response.status(isFailure(error, 'NOT_LOGGED_IN') ? 401 : 503).json({ error: error.name })
  }
}

app.get('/me', checkLogin, (_request, response) => {
  response.json({ hello: response.locals.login.user.userName })
})

const server = app.listen(Number(port), () => console.log(`http://127.0.0.1:${server.address().port}`))
