/** Each way in which a login ends reaches the webhook of the app: a backend drops the tickets that it has cached. */
import t from 'tap'
import { engines, openReceiver, openWorld } from '../features/webhooks/world.ts'
import { readCode } from '../harness/messages.ts'
import { raisedLimits, until } from '../harness/test-server.ts'

t.setTimeout(120_000)

const settings = {
  ...raisedLimits(),
  TORII__CAPTCHA__MODE: 'never',
  TORII__PASSWORD__COST: '4',
  TORII__CODES__RESEND_SECONDS: '1',
  TORII__TICKETS__LOGINS_PER_USER: '3',
}
const password = 'correct horse'

type Members = Record<string, unknown>
type Tickets = { a2: string; skey: string }
type Told = { login?: string; logins?: string[]; everywhere?: boolean; reason: string }

/** The login that a ticket names. */
const loginOf = (skey: string) => Buffer.from(skey.slice(3), 'base64url').subarray(0, 16).toString('hex')

for (const [engine, open] of engines)
  t.test(engine, async (t) => {
    const receiver = await openReceiver(t)
    const { world, admin, add, appId, clock } = await openWorld(t, { ...(await open(t)), ...settings })
    const { accounts } = admin
    let count = 0
    const call = async (path: string, members: Members) =>
      (await world.callJson(path, { ...members, rid: String(++count) })).json
    const openUser = async () => {
      const userName = `jade-${++count}`
      const user = { regmode: 'anonymous', user: { userName }, password }
      const registered = await call('/v1/register', user)
      const { userId } = registered.user as { userId: string }
      const logIn = async () => (await call('/v1/login', { login: userName, password })).tickets as Tickets
      const told = () =>
        receiver.calls
          .filter(({ payload }) => payload.type === 'login.ended' && payload.data.userId === userId)
          .map(({ payload }) => payload.data.detail as Told)
      return { userId, userName, logIn, told, first: registered.tickets as Tickets }
    }
    type User = Awaited<ReturnType<typeof openUser>>

    await add(appId, receiver.url, ['login.ended'])
    const early = await openUser()
    await until('the server knows the webhook', async () => {
      await call('/v1/logout', { token: (await early.logIn()).skey })
      return early.told().length > 0
    })

    const everywhere = (reason: string) => () => ({ everywhere: true, reason })
    const one = (reason: string) => (login: string) => ({ login, reason })
    /** What a user with one login does, and what a backend learns of that login. */
    const ways: [what: string, end: (user: User) => Promise<unknown>, told: (login: string) => Told][] = [
      ['a logout', ({ first }) => call('/v1/logout', { token: first.skey }), one('logged-out')],
      [
        'a logout everywhere',
        ({ first }) => call('/v1/logout', { token: first.skey, everywhere: true }),
        everywhere('logged-out'),
      ],
      [
        'a device that was revoked from another one',
        async ({ first, logIn }) => {
          const { skey: token } = await logIn()
          return call('/v1/device/revoke', { token, revoke: loginOf(first.skey) })
        },
        one('logged-out'),
      ],
      [
        'a login that took its slot',
        async ({ userName, logIn }) => {
          await accounts.setDeviceSlots(userName, 'all=1')
          await logIn()
        },
        one('replaced'),
      ],
      [
        'more logins than a user may have',
        async ({ logIn }) => {
          for (let login = 0; login < 3; login++) {
            clock.add(1_000)
            await logIn()
          }
        },
        one('replaced'),
      ],
      [
        'a copied A2',
        async ({ first }) => {
          const exchange = (token: string) => call('/v1/ticket/exchange', { token, to: 'skey' })
          const { skey } = (await exchange(first.a2)).tickets as Tickets
          await call('/v1/session', { token: skey })
          clock.add(11_000)
          await exchange(first.a2)
        },
        one('reused'),
      ],
      [
        'a changed password',
        ({ first, userName }) =>
          call('/v1/password/change', {
            token: first.skey,
            login: userName,
            password,
            newPassword: 'another one',
          }),
        everywhere('password-changed'),
      ],
      [
        'a password that was reset',
        async ({ first, userId }) => {
          const address = `jade-${userId}@good.example`
          const added = await call('/v1/address/change', {
            token: first.skey,
            kind: 'email',
            address,
            password,
          })
          await call('/v1/verify', { flow: added.flow, code: await readCode(world.send, address) })
          // Redis waits by its own clock until the next code may be sent.
          const flow = await until('a code', async () => {
            clock.add(1_000)
            return (await call('/v1/code/send', { purpose: 'reset', address })).flow
          })
          const code = await readCode(world.send, address)
          await call('/v1/password/reset', { flow, code, newPassword: 'another one' })
        },
        everywhere('password-changed'),
      ],
      [
        'a logout by an administrator',
        ({ userName, first }) => accounts.logout(userName, loginOf(first.skey)),
        one('logged-out'),
      ],
      [
        'a logout everywhere by an administrator',
        ({ userName }) => accounts.logout(userName),
        everywhere('logged-out'),
      ],
      [
        'an account that is disabled',
        ({ userName }) => accounts.disable(userName, 'test'),
        everywhere('disabled'),
      ],
      [
        'a user who leaves',
        ({ first }) => call('/v1/user/unregister', { token: first.skey, unregister: true }),
        everywhere('leaving'),
      ],
      ['an account that is removed', ({ userName }) => accounts.remove(userName), everywhere('deleted')],
    ]
    for (const [what, end, told] of ways) {
      const user = await openUser()
      await end(user)
      const { first } = user
      const expected = told(loginOf(first.skey))
      await until(what, () => user.told().length > 0).catch(() => undefined)
      t.match(user.told(), [expected], what)
      const { reason } = await call('/v1/session', { token: first.skey })
      t.equal(reason, expected.reason, `${what}: a backend that asks now hears it too`)
    }
  })
