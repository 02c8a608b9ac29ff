/** Under one fixed salt the server adds a scrypt to each verifier: bounded, and outside the places of writes. */
import t from 'tap'
import { codes } from '../harness/codes.ts'
import { clientHashOf, openWays, openWorld, register, type Tickets } from './world.ts'

t.setTimeout(60_000)

const salt = 'abcdefghijklmnopqrstuu'

t.test('a flood of wrong logins keeps no exchange waiting', async (t) => {
  const world = await openWorld(t, {
    TORII__PASSWORD__CLIENT_SALT: salt,
    TORII__PASSWORD__QUEUE_LIMIT: '8',
    // As long as two of the slow hashes: an exchange behind sixteen of them would be refused.
    TORII__SERVER__WRITE_WAIT_MS: '1500',
  })
  const { JSON: call } = await openWays(world)
  const clientHash = await clientHashOf('wrong', { salt, cost: 4 })
  const { tickets } = await register(call, 'amber')
  let { a2 } = tickets as Tickets
  const flood = Array.from({ length: 100 }, (_, at) => call('/v1/login', { login: `none-${at}`, clientHash }))
  const exchanges: number[] = []
  for (let at = 0; at < 20; at++) {
    const reply = await call('/v1/ticket/exchange', { token: a2, to: 'skey' })
    exchanges.push(reply.code)
    if (reply.code === codes.OK) ({ a2 } = reply.tickets as Tickets)
  }
  t.same(exchanges, Array(20).fill(codes.OK), 'every honest exchange')
  const answers = (await Promise.all(flood)).map(({ code }) => code)
  const judged = answers.filter((code) => code === codes.LOGIN_FAILED).length
  t.equal(answers.filter((code) => code === codes.OVERLOADED).length, 100 - judged, 'the others are refused')
  t.ok(judged >= 1 && judged <= 20, `${judged} judged: few wait at once`)
})
