/** Profiles and finding users, on both engines. */
import t, { type Test } from 'tap'
import { createAdmin } from '../../src/admin.ts'
import { loadConfig } from '../../src/config/load.ts'
import { codes } from '../harness/codes.ts'
import { readCode } from '../harness/messages.ts'
import { type Environment, openShared } from '../harness/test-server.ts'
import { openWorld, writeLists } from '../http/world.ts'

t.setTimeout(240_000)

type Members = Record<string, unknown>
type Person = Members & { userId: string; userName: string; nickName: string }
type Known = { userId: string; userName: string; token: string }

const engines: [name: string, open: (t: Test) => Promise<Environment>][] = [
  ['SQLite', async () => ({})],
  [
    'MariaDB',
    async (t) => {
      const shared = await openShared()
      t.teardown(() => shared.close())
      return shared.environment
    },
  ],
]

const dayMs = 24 * 3_600_000
const password = 'long pass word'

const openUsers = async (t: Test, environment: Environment) => {
  const world = await openWorld(t, { TORII__CAPTCHA__MODE: 'never', ...environment })
  let rid = 0
  const call = async (path: string, members: Members = {}) => {
    const { json } = await world.callJson(path, { rid: String(++rid), ...members })
    return json as Members & { code: number; info?: string; user: Person; users: Person[]; cursor?: string }
  }
  const register = async (userName: string, nickName = userName): Promise<Known> => {
    const { json } = await world.callJson('/v1/register', {
      regmode: 'anonymous',
      user: { userName, nickName },
      password,
    })
    const { user, tickets, code } = json as Members & { user: Person; tickets: { skey: string } }
    if (code !== codes.REGISTERED) throw new Error(JSON.stringify(json))
    return { userId: user.userId, userName, token: tickets.skey }
  }
  const withMail = async (userName: string, email: string): Promise<Known> => {
    const { json } = await world.callJson('/v1/register', {
      regmode: 'email',
      user: { email, userName },
      password,
    })
    const code = await readCode(world.send, email)
    const verified = await world.callJson('/v1/verify', { flow: json.flow, code })
    const { user, tickets } = verified.json as unknown as { user: Person; tickets: { skey: string } }
    return { userId: user.userId, userName, token: tickets.skey }
  }
  const logIn = async (login: string) => {
    const { code, tickets } = await call('/v1/login', { login, password })
    return { code, token: (tickets as { skey?: string } | undefined)?.skey ?? '' }
  }
  const of = ({ token }: Known) => ({
    get: (members: Members = {}) => call('/v1/user/get', { token, ...members }),
    set: (members: Members) => call('/v1/user/set', { token, ...members }),
    find: (by: string, text: string, members: Members = {}) =>
      call('/v1/user/find', { token, by, text, ...members }),
  })
  const admin = createAdmin({ db: world.server.db, config: loadConfig({}), clock: world.clock })
  return { ...world, admin, call, register, withMail, logIn, of }
}

const namesIn = ({ users }: { users: Person[] }) => users.map(({ nickName }) => nickName)

for (const [engine, open] of engines) {
  t.test(engine, async (t) => {
    const world = await openUsers(t, { ...(await open(t)), TORII__USERS__PARAMS_PER_USER: '3' })
    await t.test('a user sets members one by one, and sees all of their own', async (t) => {
      const { register, of } = world
      const ada = await register('ada.lovelace.aa', 'Ada')
      const first = await of(ada).get()
      t.equal(first.code, codes.OK, JSON.stringify(first))
      t.match(first.user, { userId: ada.userId, userName: 'ada.lovelace.aa', nickName: 'Ada' })
      t.same(first.user.findBy, { email: false, phone: false, nickName: true }, 'no address finds a new user')
      t.notOk('gender' in first.user)

      const changed = await of(ada).set({
        nickName: 'Countess 🦜',
        gender: 'female',
        birthday: '1990-12-10',
        region: 'London',
        introduction: 'Two lines:\nthe second',
        icon: 'https://cdn.example.com/ada.png',
        language: 'en-GB',
        privacy: { region: 'nobody', birthday: 'everyone' },
        findBy: { email: true },
      })
      t.equal(changed.code, codes.OK, JSON.stringify(changed))
      const kept = { nickName: 'Countess 🦜', gender: 'female', birthday: '1990-12-10', region: 'London' }
      t.match(changed.user, { ...kept, age: 36, language: 'en-GB', introduction: 'Two lines:\nthe second' })
      t.match(changed.user, { privacy: { region: 'nobody', birthday: 'everyone', gender: 'everyone' } })
      t.match(changed.user, { findBy: { email: true, phone: false, nickName: true } })

      t.match((await of(ada).set({ gender: '', icon: '' })).user, {
        region: 'London',
        birthday: '1990-12-10',
      })
      const left = (await of(ada).get()).user
      t.notOk('gender' in left || 'icon' in left, 'an empty text removes a member')
      const aged = (await of(ada).set({ age: 40 })).user
      t.equal(aged.age, 40)
      t.notOk('birthday' in aged, 'an age is no birthday')
    })

    await t.test('others see what the audience of each member allows', async (t) => {
      const { register, of, admin, server } = world
      const ada = await register('ada.lovelace.bb', 'Ada')
      const bob = await register('bob.builder.bb', 'Bob')
      await of(ada).set({ gender: 'female', birthday: '1990-12-10', region: 'London', language: 'en' })
      const seen = async (by: Known) => (await of(by).get({ userId: ada.userId })).user
      t.same(await seen(bob), {
        userId: ada.userId,
        userName: 'ada.lovelace.bb',
        nickName: 'Ada',
        gender: 'female',
        region: 'London',
      })
      const friendAt = { mutualAt: null, friendAt: 1, remark: null, permissions: null, followedAt: null }
      const [one, two] = [Number(ada.userId), Number(bob.userId)]
      for (const [userId, otherId] of [
        [one, two],
        [two, one],
      ] as [number, number][]) {
        await server.db.write
          .insertInto('relations')
          .values({ userId, otherId, ...friendAt })
          .execute()
      }
      t.match(await seen(bob), { age: 36, isFriend: true }, 'a friend sees more')
      t.notOk('birthday' in (await seen(bob)))
      await of(ada).set({ privacy: { age: 'nobody', birthday: 'friends', gender: 'nobody' } })
      const closer = await seen(bob)
      t.match(closer, { birthday: '1990-12-10' })
      t.notOk('age' in closer || 'gender' in closer)

      const unknown = await of(bob).get({ userId: '999999' })
      t.equal(unknown.code, codes.USER_UNKNOWN)
      const bare = ({ rid: _, timestamp: __, ...rest }: Members) => rest
      await admin.accounts.disable(ada.userId, 'spam')
      t.same(bare(await of(bob).get({ userId: ada.userId })), bare(unknown), 'a disabled user is not there')
      await admin.accounts.enable(ada.userId)
      t.equal((await of(bob).get({ userId: ada.userId })).code, codes.OK)
      await server.db.write.insertInto('blocks').values({ userId: one, otherId: two, blockedAt: 1 }).execute()
      t.same(bare(await of(bob).get({ userId: ada.userId })), bare(unknown), 'nor one who blocks the caller')
      t.equal((await of(bob).find('number', ada.userId)).users.length, 0)
      t.equal((await of(bob).find('userName', 'ada.lovelace.bb')).users.length, 0)
      t.equal((await of(bob).find('nickName', 'Ada')).users.length, 0)
    })

    await t.test('nothing but the listed members can be set', async (t) => {
      const { register, of, call } = world
      const ada = await register('ada.lovelace.cc')
      const refused: [Members, string][] = [
        [{ status: 'active' }, 'status'],
        [{ userId: '1' }, 'userId'],
        [{ role: 'admin' }, 'role'],
        [{ roles: ['admin'] }, 'roles'],
        [{ epoch: 9 }, 'epoch'],
        [{ privacy: { userName: 'nobody' } }, 'privacy.userName'],
        [{ privacy: { age: 'all' } }, 'privacy.age'],
        [{ findBy: { number: true } }, 'findBy.number'],
        [{ nickName: 'x', is_admin: 1 }, 'is_admin'],
        [{ gender: 'admin' }, 'gender'],
        [{ birthday: '1990-02-30' }, 'birthday'],
        [{ birthday: '2090-02-03' }, 'birthday'],
        [{ birthday: '1990-02-03', age: 3 }, 'age'],
        [{ age: -1 }, 'age'],
        [{ region: 'x'.repeat(65) }, 'region'],
        [{ introduction: '😀'.repeat(2_500) }, 'introduction'],
        [{ introduction: 'a\u0000b' }, 'introduction'],
        [{ icon: 'http://cdn.example.com/a.png' }, 'icon'],
        [{ icon: 'javascript:alert(1)' }, 'icon'],
        [{ icon: 'https://user:pw@cdn.example.com/a.png' }, 'icon'],
        [{ icon: 'https://localhost/a.png' }, 'icon'],
        [{ language: 'en_GB; drop' }, 'language'],
        [{ params: { level: 1 } }, 'params.level'],
        [{ nickName: '😀'.repeat(2_500) }, 'nickName'],
      ]
      for (const [members, info] of refused) {
        const reply = await of(ada).set(members)
        t.equal(reply.code, codes.PARAMETER_INVALID, JSON.stringify(members).slice(0, 60))
        t.match(String(reply.info), new RegExp(`^${info.replace('.', '\\.')}`))
      }
      t.equal((await of(ada).set({})).code, codes.PARAMETER_MISSING)
      t.equal((await of(ada).set({ nickName: '\u202eevil' })).code, codes.TEXT_CHARACTERS, 'no bidi controls')
      t.equal(
        (await of(ada).set({ nickName: '\u200b\u200b' })).code,
        codes.TEXT_CHARACTERS,
        'nothing invisible',
      )
      t.equal((await call('/v1/user/set', { nickName: 'x' })).code, codes.NOT_LOGGED_IN)
      const { user } = await of(ada).get()
      t.match(user, { userName: 'ada.lovelace.cc', nickName: 'ada.lovelace.cc' }, 'nothing has changed')
    })

    await t.test('an app declares members of profiles', async (t) => {
      const { register, of, app, admin, server } = world
      await admin.apps.set(app.appId, {
        profileSchema: [
          { name: 'level', type: 'integer', audience: 'everyone' },
          { name: 'motto', type: 'text', length: 5, audience: 'friends', words: 'refuse' },
          { name: 'premium', type: 'boolean', audience: 'nobody' },
          { name: 'more', type: 'integer', audience: 'everyone' },
        ],
      })
      await server.apps.reload()
      const ada = await register('ada.lovelace.dd')
      const bob = await register('bob.builder.dd')
      const params = { level: 7, motto: '😀😀😀😀😀', premium: true }
      t.match((await of(ada).set({ params })).user, { params })
      t.same((await of(bob).get({ userId: ada.userId })).user.params, { level: 7 })
      t.match((await of(ada).set({ params: { level: 8, motto: null } })).user.params, {
        level: 8,
        premium: true,
      })
      for (const [wrong, info] of [
        [{ level: 'high' }, 'params.level'],
        [{ level: 1.5 }, 'params.level'],
        [{ motto: 'sixsix' }, 'params.motto'],
        [{ motto: 'a\u0007' }, 'params.motto'],
        [{ role: 'admin' }, 'params.role'],
        [{ premium: 1 }, 'params.premium'],
        [JSON.parse('{"constructor":1}'), 'params.constructor'],
      ] as [Members, string][]) {
        const reply = await of(ada).set({ params: wrong })
        t.match(reply, { code: codes.PARAMETER_INVALID, info }, JSON.stringify(wrong))
      }
      t.match(
        (await of(ada).set({ params: { motto: 'a', more: 1 } })).info,
        /paramsPerUser/,
        'a sum over all',
      )
      t.same((await of(ada).get()).user.params, { level: 8, premium: true }, 'and nothing of it is kept')
    })

    await t.test('a rename without the password cannot leave the name without one', async (t) => {
      const { register, of, call, logIn } = world
      const ada = await register('ada.lovelace.ff')
      t.match(await of(ada).set({ userName: 'countess.ff' }), {
        code: codes.PARAMETER_MISSING,
        info: 'password',
      })
      const { salt } = await call('/v1/prelogin', { login: 'countess.ff' })
      t.match(
        await of(ada).set({ userName: 'countess.ff', clientHash: 'a'.repeat(31), salt: 'b'.repeat(22) }),
        { code: codes.PARAMETER_INVALID, info: 'salt' },
        'a hash under another salt fits no login',
      )
      const changed = await of(ada).set({ userName: 'countess.ff', clientHash: 'a'.repeat(31), salt })
      t.equal(changed.code, codes.OK, JSON.stringify(changed))
      const byHash = await call('/v1/login', { login: 'countess.ff', clientHash: 'a'.repeat(31) })
      t.equal(byHash.code, codes.LOGGED_IN)
      t.equal((await logIn(ada.userId)).code, codes.LOGGED_IN)
    })

    await t.test('changes of two devices at once both stay', async (t) => {
      const { register, of } = world
      const ada = await register('ada.lovelace.gg')
      const changes: Members[] = [
        { region: 'London' },
        { gender: 'female' },
        { introduction: 'Hello' },
        { privacy: { region: 'nobody' } },
        { privacy: { gender: 'friends' } },
        { findBy: { email: true } },
        { nickName: 'Ada L' },
        { language: 'en' },
      ]
      const replies = await Promise.all(changes.map((change) => of(ada).set(change)))
      t.same(
        replies.map(({ code }) => code),
        changes.map(() => codes.OK),
      )
      t.match((await of(ada).get()).user, {
        region: 'London',
        gender: 'female',
        introduction: 'Hello',
        nickName: 'Ada L',
        language: 'en',
        privacy: { region: 'nobody', gender: 'friends' },
        findBy: { email: true },
      })
    })

    await t.test('users are found by number, name, and address where they allow it', async (t) => {
      const { register, withMail, of } = world
      const bob = await register('bob.builder.hh')
      const ada = await withMail('ada.lovelace.hh', 'Ada.Byron@good.example')
      t.match((await of(bob).find('number', ada.userId)).users, [{ userName: 'ada.lovelace.hh' }])
      t.match((await of(bob).find('userName', 'ADA.lovelace.hh')).users, [{ userId: ada.userId }])
      t.equal((await of(bob).find('userName', 'ada.lovelace.h')).users.length, 0, 'the exact name alone')
      const hidden = await of(bob).find('email', 'ada.byron@good.example')
      const unknown = await of(bob).find('email', 'noone@good.example')
      const bare = ({ rid: _, timestamp: __, ...rest }: Members) => JSON.stringify(rest)
      t.equal(bare(hidden), bare(unknown), 'an address that is not findable is as one that is not there')
      await of(ada).set({ findBy: { email: true } })
      const found = await of(bob).find('email', 'ada.byron@GOOD.example')
      t.match(found.users, [{ userId: ada.userId, email: 'A***@good.example' }])
      t.notOk(JSON.stringify(found).includes('Byron'), 'the address is masked')
      t.match((await of(ada).get()).user, { email: 'Ada.Byron@good.example' }, 'her own is whole')
      t.equal((await of(bob).find('phone', '+46701234567')).users.length, 0)
      t.equal((await of(bob).find('number', '12a')).code, codes.PARAMETER_INVALID)
      t.equal((await of(bob).find('email', 'no address')).code, codes.MAIL_INVALID)
    })

    await t.test('nicknames are found by their beginning, page by page', async (t) => {
      const { register, of, admin } = world
      const ada = await register('ada.lovelace.ii', 'Zed')
      const nicks = [
        'Anna',
        'anna',
        'ANNA B',
        'Annabel',
        'Ännä',
        'an%a',
        'an_x',
        'an*x',
        'an\\x',
        'Bea',
        '小鸟飞',
      ]
      const made: Known[] = []
      for (const [at, nick] of nicks.entries())
        made.push(await register(`user.number.ii${'abcdefghijk'[at]}`, nick))
      const find = (text: string, members: Members = {}) => of(ada).find('nickName', text, members)
      t.same(namesIn(await find('ANNA')), ['Anna', 'anna', 'ANNA B', 'Annabel'])
      t.same(
        namesIn(await find('an\u200bna')),
        ['Anna', 'anna', 'ANNA B', 'Annabel'],
        'zero-width is not seen',
      )
      t.same(namesIn(await find('小鸟')), ['小鸟飞'])
      t.same(namesIn(await find('an%')), ['an%a'], '% is a letter')
      t.same(namesIn(await find('an_')), ['an_x'], '_ is a letter')
      t.same(namesIn(await find('an*')), ['an*x'])
      t.same(namesIn(await find('an\\')), ['an\\x'])
      t.same(namesIn(await find("an' or 1=1 -- ")), [])
      const started = Date.now()
      t.same(namesIn(await find('if(1,sleep(5),1)')), [])
      t.ok(Date.now() - started < 4_000, 'nothing was run')
      for (const text of ['%', '_', '', 'a', ' a ', '\u200b\u200b\u200b', 'x'.repeat(10_000), '\u202ea']) {
        t.equal(
          (await find(text)).code,
          codes.PARAMETER_INVALID,
          `refuses ${JSON.stringify(text.slice(0, 9))}`,
        )
      }
      t.equal((await find('😀'.repeat(254))).code, codes.OK)
      for (const limit of [0, -1, 101, 1_000_000_000, 1.5]) {
        t.match(await find('anna', { limit }), { code: codes.PARAMETER_INVALID, info: 'limit' })
      }

      const seen: string[] = []
      let cursor: string | undefined
      for (let page = 0; page < 9; page++) {
        const reply = await find('an', { limit: 2, ...(cursor !== undefined && { cursor }) })
        t.equal(reply.code, codes.OK)
        seen.push(...namesIn(reply))
        cursor = reply.cursor
        if (cursor === undefined) break
      }
      t.same(
        seen,
        ['an%a', 'an*x', 'an\\x', 'an_x', 'Anna', 'anna', 'ANNA B', 'Annabel'],
        'each once, in order',
      )
      const { cursor: mine } = await find('an', { limit: 2 })
      const bob = made[0] as Known
      const wrong: [string, Members][] = [
        ['of another caller', await of(bob).find('nickName', 'an', { cursor: mine })],
        ['of another search', await find('bea', { cursor: mine })],
        ['altered', await find('an', { cursor: `${mine?.slice(0, -2)}AA` })],
        ['made up', await find('an', { cursor: Buffer.from('["",0]').toString('base64url') })],
        ['too long', await find('an', { cursor: 'A'.repeat(513) })],
      ]
      for (const [what, reply] of wrong) {
        t.match(reply, { code: codes.PARAMETER_INVALID, info: 'cursor' }, `a cursor ${what}`)
      }

      await of(bob).set({ findBy: { nickName: false } })
      t.same(namesIn(await find('anna')), ['anna', 'ANNA B', 'Annabel'], 'a user may stay out')
      await of(bob).set({ nickName: 'Annalena' })
      t.same(namesIn(await find('annal')), [], 'and stays so under another nickname')
      await of(bob).set({ findBy: { nickName: true } })
      t.same(namesIn(await find('annal')), ['Annalena'])
      await admin.accounts.disable(bob.userId, 'spam')
      t.same(namesIn(await find('annal')), [], 'a disabled user is not found')
    })

    await t.test("a new user name logs in, and the old one is no one else's for a time", async (t) => {
      const { register, of, logIn, clock, call } = world
      const ada = await register('ada.lovelace.ee')
      clock.add(10 * 60_000)
      t.equal((await of(ada).set({ userName: 'countess.ee' })).code, codes.FRESH_LOGIN_NEEDED)
      t.equal((await of(ada).set({ region: 'London' })).code, codes.OK, 'other members need no fresh login')
      t.equal(
        (await of(ada).set({ userName: 'countess.ee', password: 'wrong' })).code,
        codes.OLD_PASSWORD_WRONG,
      )
      const renamed = await of(ada).set({ userName: 'Countess.ee', password })
      t.equal(renamed.code, codes.OK, JSON.stringify(renamed))
      t.match(renamed.user, { userName: 'Countess.ee', userId: ada.userId, renameAt: Number })
      t.equal((await logIn('COUNTESS.EE')).code, codes.LOGGED_IN)
      t.equal((await logIn(ada.userId)).code, codes.LOGGED_IN, 'the number opens the account as before')
      t.equal((await logIn('ada.lovelace.ee')).code, codes.LOGIN_FAILED)

      const again = await of(ada).set({ userName: 'duchess.ee', password })
      t.equal(again.code, codes.TOO_OFTEN)
      const take = (userName: string) =>
        call('/v1/register', { regmode: 'anonymous', user: { userName }, password })
      for (const name of ['ada.lovelace.ee', 'ADA.LOVELACE.EE', 'ada.Iovelace.ee']) {
        t.equal((await take(name)).code, codes.ALREADY_REGISTERED, `${name} is held`)
      }
      const bob = await register('bob.builder.ee')
      t.equal((await of(bob).set({ userName: 'countess.ee', password })).code, codes.ALREADY_REGISTERED)
      t.equal((await of(bob).set({ userName: 'ada.lovelace.ee', password })).code, codes.ALREADY_REGISTERED)
      t.equal((await of(bob).set({ userName: 'admin', password })).code, codes.ALREADY_REGISTERED)
      t.equal((await logIn('bob.builder.ee')).code, codes.LOGGED_IN, 'a refused change has changed nothing')

      clock.add(31 * dayMs)
      const { token } = await logIn('countess.ee')
      const back = await of({ ...ada, token }).set({ userName: 'ada.lovelace.ee', password })
      t.equal(back.code, codes.OK, 'its former user may have it back')
      clock.add(91 * dayMs)
      t.equal((await take('countess.ee')).code, codes.REGISTERED, 'in the end it is free')
    })
  })
}

t.test('searches are limited for each user and for all of an app together', async (t) => {
  const { register, of } = await openUsers(t, {
    TORII__USERS__FINDS_PER_DAY: '3',
    TORII__USERS__ADDRESS_FINDS_PER_DAY: '1',
    TORII__USERS__FINDS_OF_APP_PER_DAY: '5',
    TORII__USERS__PROFILES_PER_DAY: '2',
  })
  const [ada, bob, eve] = [
    await register('ada.lovelace'),
    await register('bob.builder'),
    await register('eve.moss'),
  ]
  const codeOf = async (user: Known, by: string, text: string) => (await of(user).find(by, text)).code
  t.equal(await codeOf(ada, 'email', 'a@good.example'), codes.OK)
  t.equal(await codeOf(ada, 'email', 'b@good.example'), codes.TOO_OFTEN, 'by address')
  t.equal(await codeOf(ada, 'number', '1'), codes.OK)
  t.equal(await codeOf(ada, 'number', '2'), codes.OK)
  t.equal(await codeOf(ada, 'number', '3'), codes.TOO_OFTEN, 'by user')
  t.equal(await codeOf(bob, 'number', '3'), codes.OK, 'another user is not held up')
  t.equal(await codeOf(bob, 'number', '4'), codes.OK)
  t.equal(await codeOf(eve, 'number', '5'), codes.TOO_OFTEN, 'by app')
  const look = async (userId: string) => (await of(eve).get({ userId })).code
  t.equal(await look(bob.userId), codes.OK)
  t.equal(await look('10999'), codes.USER_UNKNOWN)
  t.equal(await look(bob.userId), codes.TOO_OFTEN, 'nor can all numbers be walked')
  t.equal(await look(eve.userId), codes.OK, 'their own profile costs nothing')
})

t.test('a capability that is withheld refuses names and searches alone', async (t) => {
  const { register, of, server, clock } = await openUsers(t, {})
  const ada = await register('ada.lovelace')
  for (const capability of ['rename', 'search']) {
    const row = {
      userId: Number(ada.userId),
      capability,
      withheldAt: clock.now(),
      withheldUntil: null,
      why: 'spam',
    }
    await server.db.write.insertInto('withheldCapabilities').values(row).execute()
  }
  t.match(await of(ada).set({ nickName: 'x' }), { code: codes.CAPABILITY_WITHHELD, capability: 'rename' })
  t.equal((await of(ada).set({ userName: 'countess', password })).code, codes.CAPABILITY_WITHHELD)
  t.equal((await of(ada).set({ region: 'London' })).code, codes.OK)
  t.match(await of(ada).find('number', '1'), { code: codes.CAPABILITY_WITHHELD, capability: 'search' })
})

t.test('words and the hosts of icons are checked by the rules of each member', async (t) => {
  const folder = await writeLists({ deny: ['zebra'] })
  const { register, of } = await openUsers(t, {
    TORII__WORDS__FOLDER: folder,
    TORII__USERS__ICON_HOSTS: '["cdn.example.com","*.pics.example"]',
  })
  const ada = await register('ada.lovelace')
  t.equal((await of(ada).set({ nickName: 'Big zebra' })).code, codes.WORD_FORBIDDEN)
  t.match((await of(ada).set({ introduction: 'my zebra' })).user, { introduction: 'my *****' })
  t.equal((await of(ada).set({ icon: 'https://cdn.example.com/a.png' })).code, codes.OK)
  t.equal((await of(ada).set({ icon: 'https://a.pics.example/a.png' })).code, codes.OK)
  t.equal((await of(ada).set({ icon: 'https://evilpics.example/a.png' })).code, codes.PARAMETER_INVALID)
  t.equal(
    (await of(ada).set({ icon: 'https://cdn.example.com.evil.example/a' })).code,
    codes.PARAMETER_INVALID,
  )
})
