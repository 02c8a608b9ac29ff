/** Logins before, while and after they exist: salts, names, passwords, failures, disabled accounts. */
import t from 'tap'
import { catalogue, type ErrorName } from '../../src/protocol/errors.ts'
import { canonicalName } from '../../src/protocol/user-name.ts'
import { codes } from '../harness/codes.ts'
import { until } from '../harness/test-server.ts'
import { createTotpClient } from '../harness/totp-client.ts'
import {
  checkRefusal,
  clientHashOf,
  type Members,
  openWays,
  openWorld,
  register,
  type User,
} from './world.ts'

/** A line separator in the name of a test breaks its report. */
const ascii = (text: string) =>
  JSON.stringify(text.slice(0, 9)).replace(/[^ -~]/g, (it) => `\\u${it.charCodeAt(0).toString(16)}`)

t.test('prelogin answers the same bytes before and after registration, known or unknown', async (t) => {
  const world = await openWorld(t)
  const client = await world.connect()
  const { JSON: call } = await openWays(world)
  const variants = ['Zoë', 'ZOË', 'zoë', 'Zoe\u0308', '\uff3a\uff4f\u00eb']
  const ask = (login: string) =>
    Promise.all([
      world.callJson('/v1/prelogin', { login }).then(({ body }) => body),
      client.call('/v1/prelogin', { login }).then(({ body }) => body),
    ])
  const before = await Promise.all(variants.map(ask))
  t.equal(new Set(before.flat()).size, 2, 'one answer for every way of writing it')
  t.equal((await register(call, 'Zoë')).code, codes.REGISTERED)
  t.same(await Promise.all(variants.map(ask)), before)
  const saltOf = async (login: string | number) => (await call('/v1/prelogin', { login })).salt
  t.not(await saltOf('nobody-1'), await saltOf('nobody-2'), 'an unknown name has a salt of its own')
  t.equal(await saltOf('nobody-1'), await saltOf('NOBODY-1'))
  for (const odd of ['a', '@', '+', '999999999', '0', '😀'.repeat(100)])
    t.match(await call('/v1/prelogin', { login: odd }), { code: codes.OK, salt: /^[./A-Za-z0-9]{21}[.Oeu]$/ })
})

t.test('a user number has a salt and a verifier of its own', async (t) => {
  const world = await openWorld(t)
  const { JSON: call } = await openWays(world)
  type Kdf = { salt: string; cost: number }
  const kdfOf = async (login: string | number) => (await call('/v1/prelogin', { login })) as unknown as Kdf
  const logIn = async (login: string | number, clientHash: string) =>
    (await call('/v1/login', { login, clientHash })).code
  const salt = 'abcdefghijklmnopqrstuu'
  /** As each kind of client does; the member `number` came later than the others. */
  const enrol = async (userName: string, kind: 'password' | 'hash' | 'both hashes') => {
    const kdf = await kdfOf(userName)
    const clientHash = await clientHashOf('quite right', kdf)
    const number = { salt, clientHash: await clientHashOf('quite right', { ...kdf, salt }) }
    const secrets = {
      password: { password: 'quite right' },
      hash: { clientHash, salt: kdf.salt },
      'both hashes': { clientHash, salt: kdf.salt, number },
    }
    const user = { userName }
    const reply = await call('/v1/register', { regmode: 'anonymous', user, ...secrets[kind] })
    t.equal(reply.code, codes.REGISTERED, kind)
    return Number((reply.user as User).userId)
  }

  for (const kind of ['password', 'both hashes', 'hash'] as const) {
    const name = `of ${kind}`
    const userId = await enrol(name, kind)
    const [ofName, ofNumber] = [await kdfOf(name), await kdfOf(userId)]
    t.same(await kdfOf(String(userId)), ofNumber)
    if (kind === 'hash') t.equal(ofNumber.salt, ofName.salt, 'an older client has a hash for the name alone')
    else t.not(ofNumber.salt, ofName.salt, `${kind}: the number's salt is not that of the name`)
    if (kind === 'both hashes') t.equal(ofNumber.salt, salt)
    for (const [login, kdf] of [
      [name, ofName],
      [userId, ofNumber],
    ] as const) {
      t.equal(
        await logIn(login, await clientHashOf('quite right', kdf)),
        codes.LOGGED_IN,
        `${kind}: ${login}`,
      )
      t.equal(await logIn(login, await clientHashOf('wrong', kdf)), codes.LOGIN_FAILED)
      t.equal((await call('/v1/login', { login, password: 'quite right' })).code, codes.LOGGED_IN)
    }
    if (kind !== 'hash')
      t.equal(
        await logIn(userId, await clientHashOf('quite right', ofName)),
        codes.LOGIN_FAILED,
        'nor its hash',
      )
  }

  t.test('a free number has a salt too, and malformed members are refused', async (t) => {
    t.equal((await kdfOf(987_654)).salt, (await kdfOf('987654')).salt)
    t.not((await kdfOf(987_654)).salt, (await kdfOf(987_655)).salt)
    const kdf = await kdfOf('odd number')
    const clientHash = await clientHashOf('quite right', kdf)
    const rows = [
      [{ salt: `${salt.slice(1)}b`, clientHash }, codes.PARAMETER_INVALID],
      [{ salt, clientHash: clientHash.slice(1) }, codes.PARAMETER_INVALID],
      [{ salt }, codes.PARAMETER_MISSING],
      ['text', codes.PARAMETER_INVALID],
    ] as const
    for (const [number, code] of rows) {
      const members = {
        regmode: 'anonymous',
        user: { userName: 'odd number' },
        clientHash,
        salt: kdf.salt,
        number,
      }
      t.equal((await call('/v1/register', members)).code, code)
    }
  })

  t.test('the hash for a next cost counts for every login under its salt', async (t) => {
    const next = await openWorld(t, { TORII__PASSWORD__NEXT_COST: '5' })
    const { JSON: call } = await openWays(next)
    const { salt, cost } = (await call('/v1/prelogin', { login: 'next' })) as unknown as Kdf
    const clientHash = await clientHashOf('quite right', { salt, cost })
    const members = { regmode: 'anonymous', user: { userName: 'next' }, clientHash, salt }
    t.equal((await call('/v1/register', members)).code, codes.REGISTERED)
    await call('/v1/login', { login: 'next', clientHash, nextClientHash: 'x'.repeat(31) })
    const rows = await next.server.db.write.selectFrom('verifiers').select('nextVerifier').execute()
    t.equal(rows.length, 2)
    t.equal(rows[0]?.nextVerifier, rows[1]?.nextVerifier)
    t.ok(rows[0]?.nextVerifier)
  })

  t.test('one fixed salt is the number’s too', async (t) => {
    const fixed = await openWorld(t, { TORII__PASSWORD__CLIENT_SALT: salt })
    const { JSON: call } = await openWays(fixed)
    const clientHash = await clientHashOf('quite right', { salt, cost: 4 })
    const number = { salt: `${'.'.repeat(22)}`, clientHash: 'x'.repeat(31) }
    const members = { regmode: 'anonymous', user: { userName: 'fixed' }, clientHash, salt, number }
    const { userId } = (await call('/v1/register', members)).user as User
    t.match(await call('/v1/prelogin', { login: userId }), { salt })
    for (const login of ['fixed', userId])
      t.equal((await call('/v1/login', { login, clientHash })).code, codes.LOGGED_IN)
  })
})

t.test('user names and nicknames', async (t) => {
  const world = await openWorld(t)
  const { JSON: call } = await openWays(world)
  const judge = async (userName: string, nickName?: string) => {
    const user = { userName, ...(nickName !== undefined && { nickName }) }
    const login = userName.slice(0, 200) || '-'
    const { salt } = await call('/v1/prelogin', { login })
    return call('/v1/register', { regmode: 'anonymous', user, clientHash: 'x'.repeat(31), salt })
  }
  const good: [userName: string, kept?: string][] = [
    ['abc'],
    ['x'.repeat(45)],
    ['😀😀😀'],
    ['123a'],
    ['1.2.3'],
    ['a+b'],
    ['用户名'],
    ['مستخدم'],
    ['in the middle'],
    ['runs   of \u00a0\u3000 blanks', 'runs of blanks'],
    ['東京tokyo とうきょう'],
    ['서울 seoul 漢城'],
    ['Владимир 1'],
    ['Ελλάδα'],
    ['Nguyễn Văn A'],
    ['हिन्दी नाम'],
    ['\uff37\uff49\uff44\uff45', 'Wide'],
    ['e\u0301e\u0301e\u0301', 'ééé'],
    ['\ufb01ne', 'fine'],
    ['__proto__'],
    ['constructor'],
    ["Robert'); DROP TABLE users;--"],
    ['%_%_%'],
  ]
  for (const [userName, kept = userName] of good) {
    const reply = await judge(userName)
    t.match(reply, { code: codes.REGISTERED, user: { userName: kept, nickName: kept } }, ascii(userName))
    t.equal((await judge(userName)).code, codes.ALREADY_REGISTERED, 'once')
  }
  const bad: [userName: string, name: ErrorName][] = [
    ['', 'NAME_LENGTH'],
    ['ab', 'NAME_LENGTH'],
    ['😀😀', 'NAME_LENGTH'],
    ['ßß', 'NAME_LENGTH'],
    ['x'.repeat(46), 'NAME_LENGTH'],
    ['x'.repeat(200), 'NAME_LENGTH'],
    ['x'.repeat(5_000), 'PARAMETER_INVALID'],
    ['\ufdfa'.repeat(3), 'NAME_LENGTH'],
    ['12345', 'TEXT_CHARACTERS'],
    ['\uff11\uff12\uff13', 'TEXT_CHARACTERS'],
    ['\u0661\u0662\u0663', 'TEXT_CHARACTERS'],
    ['\u00b2\u00b2\u00b2', 'TEXT_CHARACTERS'],
    ['a@b', 'TEXT_CHARACTERS'],
    ['a\uff20b', 'TEXT_CHARACTERS'],
    ['+abc', 'TEXT_CHARACTERS'],
    ['\uff0babc', 'TEXT_CHARACTERS'],
    ['a\u200bbc', 'TEXT_CHARACTERS'],
    ['a\u200dbc', 'TEXT_CHARACTERS'],
    ['\ufeffabc', 'TEXT_CHARACTERS'],
    ['ab\u202ecd', 'TEXT_CHARACTERS'],
    ['ab\u00adcd', 'TEXT_CHARACTERS'],
    ['ab\ncd', 'TEXT_CHARACTERS'],
    ['ab\u0000cd', 'TEXT_CHARACTERS'],
    ['ab\u2028cd', 'TEXT_CHARACTERS'],
    ['ab\ue000cd', 'TEXT_CHARACTERS'],
    ['ab\u0378cd', 'TEXT_CHARACTERS'],
    ...[
      '\ufe0f',
      '\u034f',
      '\u3164',
      '\u115f',
      '\u180b',
      '\u17b4',
      '\u2800',
      '\u{e0100}',
      '\u{1d159}',
      '\uffa0',
    ].flatMap((hidden): [string, ErrorName][] => [
      [`moder${hidden}ator`, 'TEXT_CHARACTERS'],
      [hidden.repeat(3), 'TEXT_CHARACTERS'],
    ]),
    ['\u0430dm\u0456n-2', 'TEXT_CHARACTERS'],
    ['αβγabc', 'TEXT_CHARACTERS'],
    ['кириллицаと', 'TEXT_CHARACTERS'],
    [' abc', 'TEXT_CHARACTERS'],
    ['abc\u3000', 'TEXT_CHARACTERS'],
  ]
  for (const [userName, name] of bad) {
    const reply = await judge(userName)
    t.match(reply, { code: catalogue[name].code, info: 'user.userName' }, ascii(userName))
  }

  t.test('two spellings of one name are one account', async (t) => {
    const same = [
      ['Straße', 'STRASSE', 'STRAẞE', 'strasse', '\u017ftrasse'],
      ['Istanbul', 'ISTANBUL', 'istanbul', '\u0131stanbul'],
      ['\u0130zmir', 'i\u0307zmir'],
      ['ΣΊΣΥΦΟΣ', 'σίσυφος', 'ςίςυφος'],
      ['Kelvin', '\u212aelvin'],
      ['Ångström', 'A\u030angstro\u0308m', '\u212bngström'],
      ['ＡＬＩＣＥ', 'alice', '𝐀𝐥𝐢𝐜𝐞'],
      ['ǅungla', 'ǆungla', 'DŽUNGLA'],
    ]
    for (const [first = '', ...others] of same) {
      t.equal((await judge(first)).code, codes.REGISTERED, first)
      for (const other of others)
        t.equal((await judge(other)).code, codes.ALREADY_REGISTERED, `${other} is ${first}`)
    }
    t.equal((await judge('izmir')).code, codes.REGISTERED, 'i is another letter than İ, whose dot stays')
    let odd = 0
    for (let point = 0; point < 0x30000; point++) {
      if (point >= 0xd800 && point < 0xe000) continue
      const letter = String.fromCodePoint(point)
      const key = canonicalName(letter)
      const others = [key, letter.toUpperCase(), letter.toLowerCase()]
      if (others.some((it) => canonicalName(it) !== key)) odd++
    }
    t.equal(odd, 0, 'for every letter, its other case and its key have the same key')
  })

  t.test('names that look the same', async (t) => {
    const rows = [
      ['modern', 'modem'],
      ['luna', 'Iuna', '1una', 'LUNA'],
      ['Bob 0', 'bob o', 'B\u{1d428}b 0'],
      ['сосо', 'coco', 'сoсo'.replaceAll('o', 'о')],
      ['paypal', 'paypa1', 'PAYPAL'],
    ]
    for (const [first = '', ...others] of rows) {
      t.equal((await judge(first)).code, codes.REGISTERED, ascii(first))
      for (const other of others)
        t.equal((await judge(other)).code, codes.ALREADY_REGISTERED, `${other} looks like ${first}`)
    }
  })

  t.test('names that are reserved from the start', async (t) => {
    for (const name of [
      'admin',
      'Admin',
      'ADMIN',
      'ADMlN',
      'adrnin',
      'root',
      'r00t',
      'Support',
      '管理员',
      'оffiсiаl',
    ])
      t.ok([codes.ALREADY_REGISTERED, codes.TEXT_CHARACTERS].includes((await judge(name)).code), ascii(name))
    const own = await openWorld(t, { TORII__NAMES__RESERVED: '["boss"]' })
    const { JSON: call } = await openWays(own)
    const codeOf = async (userName: string) => (await register(call, userName)).code
    t.same(await Promise.all(['b0ss', 'admin', 'bossy'].map(codeOf)), [
      codes.ALREADY_REGISTERED,
      codes.REGISTERED,
      codes.REGISTERED,
    ])
  })

  t.test('blanks around a login make no difference', async (t) => {
    await register(call, 'am ber', 'quite right')
    for (const login of ['am ber', 'am ber ', '\u3000AM  BER\u00a0', ' am\u2003ber'])
      t.equal(
        (await call('/v1/login', { login, password: 'quite right' })).code,
        codes.LOGGED_IN,
        ascii(login),
      )
  })

  t.test('nicknames', async (t) => {
    const rows: [nickName: string, outcome: string | ErrorName][] = [
      ['小鸟在飞', '小鸟在飞'],
      ['👩‍👩‍👧', '👩‍👩‍👧'],
      ['  a  ', 'a'],
      ['x'.repeat(45), 'x'.repeat(45)],
      ['12345', '12345'],
      ['a@b', 'a@b'],
      ['e\u0301', 'é'],
      ['', 'NAME_LENGTH'],
      ['   ', 'NAME_LENGTH'],
      ['x'.repeat(46), 'NAME_LENGTH'],
      ['a\u202eb', 'TEXT_CHARACTERS'],
      ['a\u2066b\u2069', 'TEXT_CHARACTERS'],
      ['\u200fa', 'TEXT_CHARACTERS'],
      ['\u3164', 'TEXT_CHARACTERS'],
      ['\u200d\u2800', 'TEXT_CHARACTERS'],
      ['\u0301', 'TEXT_CHARACTERS'],
      ['a\nb', 'TEXT_CHARACTERS'],
      ['a\u0000b', 'TEXT_CHARACTERS'],
    ]
    for (const [at, [nickName, outcome]] of rows.entries()) {
      const userName = `nick-${at}`
      const { code, info, user } = await judge(userName, nickName)
      const entry = catalogue[outcome as ErrorName]
      if (entry) t.same([code, info], [entry.code, 'user.nickName'], ascii(nickName))
      else t.match({ code, user }, { code: codes.REGISTERED, user: { userName, nickName: outcome } })
    }
  })
})

t.test('a password or its hash, and nothing else, logs in', async (t) => {
  const world = await openWorld(t)
  const { JSON: call } = await openWays(world)
  let count = 0
  const attempt = async (members: Members) => {
    const user = { userName: `pass-${++count}` }
    return (await call('/v1/register', { regmode: 'anonymous', user, ...members })).code
  }
  const [hash, salt] = ['x'.repeat(31), '.'.repeat(22)]
  const rows: [what: string, members: Members, code: number][] = [
    ['1,024 bytes', { password: 'abcd'.repeat(256) }, codes.REGISTERED],
    ['1,023 bytes of others', { password: '密码锁'.repeat(113) }, codes.REGISTERED],
    ['nothing', { password: '' }, codes.PASSWORD_LENGTH],
    ['1,025 bytes', { password: `x${'abcd'.repeat(256)}` }, codes.PASSWORD_LENGTH],
    ['1,026 bytes of others', { password: '密码锁'.repeat(114) }, codes.PASSWORD_LENGTH],
    ['no text', { password: 5 }, codes.PARAMETER_INVALID],
    ['neither', {}, codes.PARAMETER_MISSING],
    ['both', { password: 'quite right', clientHash: hash, salt }, codes.PARAMETER_INVALID],
    ['a hash without its salt', { clientHash: hash }, codes.PARAMETER_MISSING],
    ['a hash with another salt', { clientHash: hash, salt }, codes.PARAMETER_INVALID],
    ['a hash too short', { clientHash: hash.slice(1), salt }, codes.PARAMETER_INVALID],
    ['letters that no hash has', { clientHash: `${hash.slice(1)}-`, salt }, codes.PARAMETER_INVALID],
    ['another way of registering', { regmode: 'mail', password: 'x' }, codes.REGISTER_MODE],
  ]
  for (const [what, members, code] of rows) t.equal(await attempt(members), code, what)

  t.test('password and hash open the same account', async (t) => {
    const rows = [
      ['很长的密码是🔑呀', '很长的密码是呀', '很长的密码是🔑呀 '],
      ['abcd'.repeat(256), 'abcd'.repeat(256).slice(1)],
      [' Leading blank', 'Leading blank', ' leading blank'],
    ]
    for (const [password = '', ...others] of rows) {
      const login = `both-${++count}`
      await register(call, login, password)
      const kdf = (await call('/v1/prelogin', { login })) as unknown as { salt: string; cost: number }
      const clientHash = await clientHashOf(password, kdf)
      t.equal((await call('/v1/login', { login, clientHash })).code, codes.LOGGED_IN)
      t.equal((await call('/v1/login', { login, password })).code, codes.LOGGED_IN)
      for (const other of others)
        t.equal((await call('/v1/login', { login, password: other })).code, codes.LOGIN_FAILED)
    }
  })

  t.test('too many passwords at once are refused, not kept waiting', async (t) => {
    const narrow = await openWorld(t, { TORII__PASSWORD__COST: '10', TORII__PASSWORD__QUEUE_LIMIT: '1' })
    const replies = await Promise.all(
      Array.from({ length: 8 }, (_, at) =>
        narrow.callJson('/v1/login', { login: `no-${at}`, password: 'x' }),
      ),
    )
    const refused = replies.filter(({ json }) => json.code === codes.OVERLOADED)
    t.equal(replies.filter(({ json }) => json.code === codes.LOGIN_FAILED).length + refused.length, 8)
    t.ok(refused.length >= 1 && refused.length <= 6)
    for (const reply of refused) {
      checkRefusal(t, reply, 'OVERLOADED')
      t.match(reply.headers['retry-after'], /^[1-9]/)
    }
  })

  t.test('one fixed salt for all logins, and a next cost', async (t) => {
    const salt = 'abcdefghijklmnopqrstuu'
    const fixed = await openWorld(t, { TORII__PASSWORD__CLIENT_SALT: salt, TORII__PASSWORD__NEXT_COST: '5' })
    const { JSON: call } = await openWays(fixed)
    const prelogin = await call('/v1/prelogin', { login: 'anybody' })
    t.match(prelogin, { salt, cost: 4, next: { cost: 5 } })
    t.same(Object.keys(prelogin), ['code', 'msg', 'kdf', 'cost', 'salt', 'next', 'timestamp'])
    const clientHash = await clientHashOf('p', { salt, cost: 4 })
    const nextClientHash = await clientHashOf('p', { salt, cost: 5 })
    const hashes = { clientHash, nextClientHash }
    const user = { userName: 'anybody' }
    t.equal(
      (await call('/v1/register', { regmode: 'anonymous', user, ...hashes, salt })).code,
      codes.REGISTERED,
    )
    t.equal((await call('/v1/login', { login: 'anybody', ...hashes })).code, codes.LOGGED_IN)
    t.equal((await call('/v1/login', { login: 'anybody', password: 'p' })).code, codes.LOGGED_IN)
    const early = await call('/v1/login', { login: 'anybody', clientHash: nextClientHash })
    t.equal(early.code, codes.LOGIN_FAILED, 'the next hash does not count before all clients use it')

    const nextVerifier = async () => {
      const rows = await fixed.server.db.write.selectFrom('verifiers').select('nextVerifier').execute()
      return rows[0]?.nextVerifier
    }
    const login = (next: string) => call('/v1/login', { login: 'anybody', clientHash, nextClientHash: next })
    const first = await nextVerifier()
    t.equal((await login('x'.repeat(31))).code, codes.LOGGED_IN)
    const wrong = await nextVerifier()
    t.not(wrong, first, 'whatever the last good login says counts')
    t.equal((await login(nextClientHash)).code, codes.LOGGED_IN)
    const right = await nextVerifier()
    t.not(right, wrong, 'so a wrong one does not stay for ever')
    t.equal((await login(nextClientHash)).code, codes.LOGGED_IN)
    t.equal(await nextVerifier(), right, 'and the same one is not written again')
  })
})

t.test('failures are counted per login and network, known or not, and answered alike', async (t) => {
  // Plain calls from elsewhere, for their HTTP status.
  const world = await openWorld(t, { TORII__SECURITY__PROFILE: 'legacy', TORII__CAPTCHA__MODE: 'never' })
  const { JSON: call } = await openWays(world)
  const { userId } = (await register(call, 'alice', 'quite right')).user as User
  await register(call, 'bob', 'quite right')
  const credentials = { appid: world.app.appId, appsecret: world.app.appSecret }
  const attempt = (login: string, from: string, password = 'wrong') =>
    world.request({ url: '/v1/login', json: { ...credentials, login, password }, from })

  t.test('five in a quarter of an hour, then a pause', async (t) => {
    for (const login of ['alice', 'nobody', 'x', '999999999']) {
      for (let n = 0; n < 5; n++) {
        checkRefusal(t, await attempt(login, `10.0.0.${n}`), 'LOGIN_FAILED', { message: `${login}: ${n}` })
        world.clock.add(1_000)
      }
      for (const password of ['wrong', 'quite right']) {
        const sixth = await attempt(login, '10.0.0.250', password)
        checkRefusal(t, sixth, 'TOO_OFTEN', { status: 429, message: `${login}: the sixth, ${password}` })
        t.equal(sixth.headers['retry-after'], '895', 'until the first of the five is over')
      }
      world.clock.add(60_000)
    }
    const status = async (...[login, from, password]: Parameters<typeof attempt>) =>
      (await attempt(login, from, password)).status
    t.equal(await status('ALICE', '10.0.0.1', 'quite right'), 429, 'in other capitals, too')
    t.equal(await status(userId, '10.0.0.1', 'quite right'), 429, 'by its number, too')
    t.equal(await status('alice', '10.0.1.1'), 401, 'the network beside it has its own count')
    t.equal(await status('bob', '10.0.0.1', 'quite right'), 200, 'another login has its own count')
    world.clock.add(895_000 - 4 * 65_000 + 5_000)
    t.equal(await status('alice', '10.0.0.1'), 401, 'one more when the oldest is over')
    t.equal(await status('alice', '10.0.0.1', 'quite right'), 429)
    world.clock.add(900_000)
    t.equal(await status('alice', '10.0.0.1', 'quite right'), 200)
    for (let n = 0; n < 4; n++) t.equal(await status('alice', '10.0.0.1'), 401)
    t.equal(await status('alice', '10.0.0.1', 'quite right'), 200)
    for (let n = 0; n < 5; n++)
      t.equal(await status('alice', '10.0.0.1'), 401, 'the right one has cleared them')
    t.equal(await status('alice', '10.0.0.1'), 429)
    for (let n = 1; n <= 5; n++) await status('bob', `2001:db8::${n}`)
    t.equal(await status('bob', '2001:db8::ffff', 'quite right'), 429, 'IPv6 counts by its /64')
    t.equal(await status('bob', '2001:db8:0:1::1', 'quite right'), 200)
  })

  t.test('a burst gets no more tries than a sequence', async (t) => {
    await register(call, 'carol', 'quite right')
    const passwords = [...Array.from({ length: 20 }, (_, n) => `wrong-${n}`), 'quite right', 'wrong-20']
    const replies = await Promise.all(passwords.map((password) => attempt('carol', '10.3.0.1', password)))
    const failed = replies.filter(({ body }) => JSON.parse(body).code === codes.LOGIN_FAILED).length
    t.ok(failed <= 5, `${failed} were tried`)
    t.equal((await attempt('carol', '10.3.0.1', 'quite right')).status, 429)
  })

  t.test('byte-equal copies of a wrong login count once', async (t) => {
    await register(call, 'dave', 'quite right')
    const client = await world.connect()
    const j = client.seal({ apiver: 1, login: 'dave', password: 'wrong' })
    for (let n = 0; n < 8; n++)
      t.match(await client.sendSealed('/v1/login', j), { json: { code: codes.LOGIN_FAILED } })
    for (let rid = 0; rid < 4; rid++)
      t.match(await client.call('/v1/login', { login: 'dave', password: 'wrong', rid: `${rid}` }), {
        json: { code: codes.LOGIN_FAILED },
      })
    t.match(await client.sendSealed('/v1/login', j), {
      headers: { 'retry-after': '900' },
      json: { code: codes.TOO_OFTEN },
    })
  })

  t.test('a streak slows networks down, closes no door, and never holds up a known device', async (t) => {
    const known = await world.connect()
    const registered = await known.call('/v1/register', {
      regmode: 'anonymous',
      user: { userName: 'erin' },
      password: 'quite right',
    })
    const { userId } = (registered.json as { user: User }).user
    const loginOn = (client: typeof known, password: string) =>
      client.call('/v1/login', { login: 'erin', password, rid: `${password} ${world.clock.now()}` })
    /** A hundred and one failures in a row, from 21 networks. */
    const attack = async (login: string) => {
      for (let n = 0; n <= 100; n++) {
        const { status } = await attempt(login, `10.${Math.floor(n / 5)}.9.9`)
        if (status !== 401) t.fail(`${login}, ${n}: ${status}`)
      }
    }
    for (const login of ['erin', userId, 'not-registered', '888888888']) {
      world.clock.add(181 * 60_000)
      await attack(login)
      const waits: number[] = []
      for (let n = 0; n < 6; n++) {
        checkRefusal(t, await attempt(login, '10.200.0.1'), 'LOGIN_FAILED', { message: `${login}: ${n}` })
        const held = await attempt(login, '10.200.0.1', 'quite right')
        checkRefusal(t, held, 'TOO_OFTEN', { message: `${login}: after ${n}` })
        waits.push(Number(held.headers['retry-after']) / 60)
        world.clock.add(Number(held.headers['retry-after']) * 1_000)
      }
      t.same(waits, [1, 2, 4, 8, 15, 15], `${login}: minutes, never more than a quarter of an hour`)
    }

    world.clock.add(181 * 60_000)
    await attack('erin')
    for (let n = 0; n < 4; n++)
      t.match(await loginOn(known, `wrong ${n}`), { json: { code: codes.LOGIN_FAILED } })
    t.match(
      await loginOn(known, 'quite right'),
      { json: { code: codes.LOGGED_IN } },
      'the known device, at once',
    )
    world.clock.add(16 * 60_000)
    await attack('erin')
    t.equal((await attempt('erin', '10.0.9.9', 'quite right')).status, 429, 'a network that has failed')
    for (let n = 0; n < 5; n++)
      t.match(await loginOn(known, `wrong ${n}`), { json: { code: codes.LOGIN_FAILED } })
    t.match(
      await loginOn(known, 'quite right'),
      { json: { code: codes.TOO_OFTEN } },
      'its own five failures hold it up',
    )
    t.equal((await attempt('erin', '10.202.0.1', 'quite right')).status, 200, 'a network without failures')
  })

  t.test('failures end with time, by registering, and by an administrator', async (t) => {
    const fail = async (login: string, count = 101) => {
      for (let n = 0; n < count; n++) await attempt(login, `10.${Math.floor(n / 5)}.8.8`)
    }
    const isHeldUp = async (login: string) => {
      await attempt(login, '10.210.0.1')
      return (await attempt(login, '10.210.0.1')).status === 429
    }
    await fail('frank')
    t.ok(await isHeldUp('frank'), 'before it is registered')
    await register(call, 'frank', 'quite right')
    t.equal((await attempt('frank', '10.210.0.1', 'quite right')).status, 200, 'registering begins anew')

    await fail('frank')
    world.clock.add(181 * 60_000)
    t.notOk(await isHeldUp('frank'), 'three hours without a failure end a streak')

    await fail('frank')
    const { failures } = await world.admin.accounts.show('frank')
    t.equal(failures.isStreak, true)
    t.match(
      failures.places.find(({ place }) => place === '10.3.8.0/24'),
      { waitsUntil: Number },
    )
    t.ok(failures.inARow > 100)
    t.equal((await attempt('frank', '10.3.8.8', 'quite right')).status, 429)
    t.match(await world.admin.accounts.unlock('frank'), { changed: true })
    t.match(await world.admin.accounts.unlock('frank'), { changed: false })
    t.match(await world.admin.accounts.show('frank'), {
      failures: { inARow: 0, isStreak: false, places: [] },
    })
    t.equal((await attempt('frank', '10.3.8.8', 'quite right')).status, 200)
  })
})

t.test('a disabled account is revealed only to the right password', async (t) => {
  const world = await openWorld(t)
  const client = await world.connect()
  const { JSON: call } = await openWays(world)
  const { user, tickets } = await register(call, 'mallory', 'quite right')
  const { userId } = user as User
  const { a2, skey } = tickets as { a2: string; skey: string }
  const login = (password: string) => world.callJson('/v1/login', { login: 'mallory', password })
  t.same(await world.admin.accounts.disable('Mallory', 'spam'), { userId: Number(userId), changed: true })
  checkRefusal(t, await login('wrong'), 'LOGIN_FAILED')
  t.match(checkRefusal(t, await login('quite right'), 'ACCOUNT_DISABLED'), { reason: 'disabled' })
  const sealed = await client.call('/v1/login', { login: userId, password: 'quite right' })
  t.match(sealed, { status: 200, isSealed: true, json: { code: codes.ACCOUNT_DISABLED, reason: 'disabled' } })
  t.match(await call('/v1/session', { token: a2 }), { code: codes.TICKET_ENDED, reason: 'disabled' })
  const ended = await until('the server has noticed', async () => {
    const reply = await call('/v1/session', { token: skey })
    return reply.code === codes.TICKET_ENDED && reply
  })
  t.equal(ended.reason, 'disabled')
  t.match(await call('/v1/ticket/exchange', { token: a2, to: 'skey' }), {
    code: codes.NOT_LOGGED_IN,
    reason: 'disabled',
  })
  t.match(await call('/v1/logout', { token: skey }), { code: codes.NOT_LOGGED_IN, reason: 'disabled' })

  await world.admin.accounts.enable(userId)
  t.equal((await login('quite right')).json.code, codes.LOGGED_IN)
  for (const token of [a2, skey])
    t.match(await call('/v1/session', { token }), { code: codes.TICKET_ENDED }, 'what ended stays ended')
  const device = await world.provision()
  const other = createTotpClient({ send: world.send, device, now: world.clock.now })
  t.match(await other.call('/v1/login', { login: userId, password: 'quite right' }), {
    json: { code: codes.LOGGED_IN },
  })
})
