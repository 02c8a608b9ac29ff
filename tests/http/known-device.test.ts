/** A device that has logged in before is never held up by strangers, also when it calls sealed. */
import t from 'tap'
import { codes } from '../harness/codes.ts'
import { type Answer, type Call, createSealedClient, exchangeSealedKeys } from '../harness/key-client.ts'
import { createTotpClient } from '../harness/totp-client.ts'
import { formOf, openWorld, register } from './world.ts'

t.setTimeout(60_000)

const right = { login: 'maple', password: 'pass word' }
const pauseMs = 15 * 60_000 + 1

t.test('a sealed device stays known when its key and its A2 have ended', async (t) => {
  const world = await openWorld(t, { TORII__CAPTCHA__MODE: 'never' })
  const { app, clock, request, server, send } = world
  const callJson: Call = async (path, members) => (await world.callJson(path, members)).json as Answer
  await register((path, members = {}) => callJson(path, members), right.login)

  const provision = async () => {
    const device = await world.provision()
    const client = createTotpClient({ send, device, now: clock.now })
    const call: Call = async (path, members) => (await client.call(path, members)).json as Answer
    return { t: device.t, call }
  }
  let from = '127.0.0.1'
  /** Seals under a fresh key, whose stages were called so. */
  const seal = async (by: Call) => {
    const { keys } = await exchangeSealedKeys(by, app.appId)
    const post = (url: string, form: Record<string, string>) => request({ url, post: formOf(form), from })
    const { call } = createSealedClient(keys, post, clock.now)
    const end = () => server.store.remove([`key:{${keys.fingerprint}}`, `ledger:{${keys.fingerprint}}`])
    return { call, end }
  }
  const login = async (call: Call, password = right.password) =>
    (await call('/v1/login', { ...right, password, rid: String(clock.now()) })).code
  /** More than a hundred failures in a row from 21 networks, this one among them, by a device that the account does not know. */
  const attack = async (by: Call) => {
    clock.add(pauseMs)
    for (let at = 0; at <= 100; at++) {
      from = at < 5 ? '127.0.0.1' : `10.${Math.floor(at / 5)}.0.1`
      const code = await login(by, `wrong ${at}`)
      if (code !== codes.LOGIN_FAILED) t.fail(`${at}: ${code}`)
    }
    from = '127.0.0.1'
  }

  const [owner, thief, other] = [await provision(), await provision(), await provision()]
  const first = await seal(owner.call)
  t.equal(await login(first.call), codes.LOGGED_IN)
  const rows = await server.db.write.selectFrom('logins').select('deviceId').execute()
  t.ok(
    rows.some(({ deviceId }) => deviceId?.toString('hex') === owner.t),
    'the login is of the device that was provisioned',
  )
  // Exchanged in the envelope of a key that was itself exchanged so.
  const third = await seal((await seal(first.call)).call)
  await first.end()
  const attacker = await seal(thief.call)
  await attack(attacker.call)
  t.equal(await login(attacker.call), codes.TOO_OFTEN, 'the stranger, with the right password too')
  t.equal(await login((await seal(attacker.call)).call), codes.TOO_OFTEN, 'nor with a fresh key')
  t.equal(await login((await seal(other.call)).call), codes.TOO_OFTEN, 'a device that was never here')
  t.equal(await login((await seal(callJson)).call), codes.TOO_OFTEN, 'a key that no device exchanged')
  t.equal(await login(callJson), codes.TOO_OFTEN, 'no device at all')
  t.equal(
    await login((await seal(owner.call)).call),
    codes.LOGGED_IN,
    'the device that was here, with a fresh key',
  )

  await attack(attacker.call)
  t.equal(await login(third.call), codes.LOGGED_IN, 'also with a key that was exchanged sealed')
})
