/** Re-authentication: a burst of guesses through two processes gets no further than guesses one after another. */
import t from 'tap'
import { codes } from '../harness/codes.ts'
import { clientHashOf, countCodes, randomName, registerUser } from '../harness/devices.ts'
import { openFleet } from './fleet.ts'

t.setTimeout(120_000)

const allowed = 5
const guesses = 40

t.test('a stolen ticket tries no more passwords than a login', async (t) => {
  const fleet = await openFleet(t)
  const device = await fleet.connect()
  const { skey: token, login } = await registerUser(device, fleet.a)
  const { json } = await device.call(fleet.a, '/v1/prelogin', { login: login.login })
  const reauth = (at: number, clientHash: string) =>
    device.call(at % 2 ? fleet.a : fleet.b, '/v1/reauth', {
      ...{ token, how: 'password', clientHash, salt: json.salt, n: randomName() },
    })
  const burst = await Promise.all(
    Array.from({ length: guesses }, (_, at) => reauth(at, clientHashOf(`guess ${at}`))),
  )
  t.same(countCodes(burst), { [codes.LOGIN_FAILED]: allowed, [codes.TOO_OFTEN]: guesses - allowed })
  t.equal((await reauth(0, login.clientHash)).code, codes.TOO_OFTEN, 'the right one waits, too')
  t.equal((await device.call(fleet.b, '/v1/login', { ...login, n: randomName() })).code, codes.TOO_OFTEN)
  const { reauthenticatedAt } = await fleet.db.write
    .selectFrom('logins')
    .select('reauthenticatedAt')
    .executeTakeFirstOrThrow()
  t.equal(reauthenticatedAt, null)
})
