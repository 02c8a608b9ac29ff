/** Which new passwords are refused, and what may be asked about them without showing one. */
import { createHash } from 'node:crypto'
import { mkdtemp, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import t from 'tap'
import { createPasswordLists, findInFile } from '../../src/adapters/password-lists.ts'
import { createClient } from '../../src/client/index.ts'
import { codes } from '../harness/codes.ts'
import { openTestServer } from '../harness/test-server.ts'
import { clientHashOf, openWays, openWorld, register } from './world.ts'

t.setTimeout(60_000)

const sumOf = (text: string) => createHash('sha1').update(text).digest('hex').toUpperCase()
const writeLeaked = async (lines: readonly string[]) => {
  const file = join(await mkdtemp(join(tmpdir(), 'torii-leaked-')), 'sums.txt')
  await writeFile(file, lines.join(''))
  return file
}

t.test('a plain password that is short, common or made of names is refused', async (t) => {
  const world = await openWorld(t)
  const { JSON: call } = await openWays(world)
  const rows: [userName: string, password: string, code: number][] = [
    ['seven', 'zq8!kWp', codes.PASSWORD_LENGTH],
    ['seven signs', '密码锁门窗户开', codes.PASSWORD_LENGTH],
    ['eight signs', '密码锁门窗户开关', codes.REGISTERED],
    ['listed', 'password1', codes.PASSWORD_COMMON],
    ['in capitals', 'PassWord1', codes.PASSWORD_COMMON],
    ['chinese', 'woaini1314', codes.PASSWORD_COMMON],
    ['numbers', '5201314520', codes.PASSWORD_COMMON],
    ['repeated', 'ababababababab', codes.PASSWORD_COMMON],
    ['tabulated', 'quite\tright', codes.PASSWORD_CHARACTERS],
    ['amberly', 'Amberly2024', codes.PASSWORD_COMMON],
    ['amberli', 'amberliwoaini1314', codes.PASSWORD_COMMON],
    ['amberle', 'amberle is a good one', codes.REGISTERED],
    ['bob', 'kaboblingual', codes.REGISTERED],
  ]
  for (const [userName, password, code] of rows) {
    t.equal((await register(call, userName, password)).code, code, `${userName}: ${password}`)
  }
  const nick = { userName: 'nicholas', nickName: 'Sunflower' }
  const reply = await call('/v1/register', { regmode: 'anonymous', user: nick, password: 'sunflower42' })
  t.equal(reply.code, codes.PASSWORD_COMMON, 'the nickname counts too')
})

t.test('a login is never judged: whoever has a short password keeps it', async (t) => {
  const world = await openWorld(t)
  const { JSON: call } = await openWays(world)
  const { salt, cost } = (await call('/v1/prelogin', { login: 'early bird' })) as unknown as {
    salt: string
    cost: number
  }
  const clientHash = await clientHashOf('123456', { salt, cost })
  const user = { userName: 'early bird' }
  t.equal(
    (await call('/v1/register', { regmode: 'anonymous', user, clientHash, salt })).code,
    codes.REGISTERED,
  )
  t.equal((await call('/v1/login', { login: 'early bird', password: '123456' })).code, codes.LOGGED_IN)
})

t.test('a password in another Unicode form is the same password', async (t) => {
  const world = await openWorld(t)
  const { JSON: call } = await openWays(world)
  const [composed, parts] = ['caf\u00e9 au lait', 'cafe\u0301 au lait']
  await register(call, 'composed', parts)
  for (const password of [composed, parts]) {
    t.equal((await call('/v1/login', { login: 'composed', password })).code, codes.LOGGED_IN)
  }
  const kdf = (await call('/v1/prelogin', { login: 'old client' })) as unknown as {
    salt: string
    cost: number
  }
  t.match(kdf, { kdf: 'md5-bcrypt' }, 'who says nothing gets what it always got')
  t.match(await call('/v1/prelogin', { login: 'old client', kdfs: ['nfc-md5-bcrypt'] }), {
    kdf: 'nfc-md5-bcrypt',
    salt: kdf.salt,
    cost: kdf.cost,
  })
  const clientHash = await clientHashOf(parts, kdf)
  const user = { userName: 'old client' }
  await call('/v1/register', { regmode: 'anonymous', user, clientHash, salt: kdf.salt })
  t.equal((await call('/v1/login', { login: 'old client', password: parts })).code, codes.LOGGED_IN)
  t.equal((await call('/v1/login', { login: 'old client', password: composed })).code, codes.LOGIN_FAILED)
})

t.test(
  'a range shows what lies under five digits, as an operation and as Have I Been Pwned does',
  async (t) => {
    const secret = 'Kx7 winter lamp'
    const [prefix, suffix] = [sumOf(secret).slice(0, 5), sumOf(secret).slice(5)]
    const others = Array.from({ length: 20_000 }, (_, at) => `${sumOf(`leak ${at}`)}:${at + 1}\r\n`)
    const breachedFile = await writeLeaked([...others, `${sumOf(secret)}:42\r\n`].sort())
    const world = await openWorld(t, { TORII__PASSWORD__BREACHED_FILE: breachedFile })
    const { JSON: call } = await openWays(world)
    const common = sumOf('password1')
    const prefixes = [prefix, common.slice(0, 5)]
    const { ranges } = (await call('/v1/password/range', { prefixes })) as unknown as {
      ranges: { prefix: string; suffixes: string[] }[]
    }
    t.same(
      ranges.map((range) => range.prefix),
      prefixes,
    )
    t.ok(ranges[0]?.suffixes.includes(`${suffix}:42`), 'from the file')
    t.ok(ranges[1]?.suffixes.includes(`${common.slice(5)}:1`), 'from the list that ships')
    const page = await world.request({ url: `/v1/password/range/${prefix.toLowerCase()}` })
    t.equal(page.status, 200)
    t.match(page.headers['content-type'], 'text/plain')
    t.ok(page.body.split('\r\n').includes(`${suffix}:42`))
    for (const url of ['/v1/password/range/5BAA', '/v1/password/range/5BAAG', '/v1/password/range/5BAA61'])
      t.equal((await world.request({ url })).status, 400, url)
    for (const bad of [[], ['5baa6'], ['5BAA'], Array(5).fill('5BAA6'), ['5BAA6\n']])
      t.equal((await call('/v1/password/range', { prefixes: bad })).code, codes.PARAMETER_INVALID)
    t.equal((await register(call, 'leaker', secret)).code, codes.PASSWORD_COMMON)
  },
)

t.test('a file of any size is searched at its ends and in its middle', async (t) => {
  const sums = Array.from({ length: 30_000 }, (_, at) => sumOf(`entry ${at}`)).sort()
  const file = await writeLeaked(sums.map((sum) => `${sum}:7\n`))
  for (const at of [0, 1, 14_999, 15_000, 29_998, 29_999]) {
    const sum = sums[at] ?? ''
    const prefix = sum.slice(0, 5)
    const expected = sums.filter((it) => it.startsWith(prefix)).map((it) => it.slice(5))
    t.same(
      (await findInFile(file, prefix)).map(({ suffix }) => suffix),
      expected,
      `entry ${at}`,
    )
  }
  t.same(await findInFile(await writeLeaked([`${sumOf('only')}:1`]), sumOf('only').slice(0, 5)), [
    { suffix: sumOf('only').slice(5), count: 1 },
  ])
})

t.test('a file that is no such list stops the start, and one that breaks later is told of', async (t) => {
  const bad: Record<string, string> = {
    empty: await writeLeaked([]),
    words: await writeLeaked(Array(2_000).fill('password\n')),
    'not there': '/nowhere/sums.txt',
  }
  for (const [what, breachedFile] of Object.entries(bad))
    await t.rejects(createPasswordLists({ breachedFile }).load(), /^password\.breachedFile: /, what)
  const file = await writeLeaked([`${sumOf('only')}:1\n`])
  const lists = createPasswordLists({ breachedFile: file })
  await lists.load()
  await writeFile(file, 'broken')
  const common = sumOf('password1')
  t.ok((await lists.findRange(common.slice(0, 5))).length > 0, 'the list that ships still answers')
  t.match(lists.problem(), /^password\.breachedFile: at byte 0/)
  await writeFile(file, `${sumOf('only')}:1\n`)
  await lists.findRange(common.slice(0, 5))
  t.equal(lists.problem(), '', 'mended')
})

t.test('the client asks before it registers, and shows no more than five digits', async (t) => {
  const target = await openTestServer({ environment: { TORII__PASSWORD__COST: '10' } })
  t.teardown(target.close)
  const sent: string[] = []
  const client = createClient({
    url: 'http://localhost',
    appId: target.app.appId,
    appSecret: target.app.appSecret,
    transport: 'json',
    fetch: async (url, init) => {
      const { pathname } = new URL(String(url))
      sent.push(`${pathname} ${init?.body}`)
      const headers = { host: 'localhost', 'content-type': 'application/json' }
      const reply = await target.send({
        method: 'POST',
        url: pathname,
        headers,
        payload: String(init?.body),
      })
      return new Response(reply.body, { status: reply.status })
    },
  })
  const user = { userName: 'marigold' }
  await t.rejects(client.register({ ...user, password: 'Woaini1314' }), { name: 'PASSWORD_COMMON' })
  await t.rejects(client.register({ ...user, password: 'marigold1' }), { name: 'PASSWORD_COMMON' })
  await t.rejects(client.register({ ...user, password: 'short 7' }), { name: 'PASSWORD_LENGTH' })
  await t.rejects(client.checkPassword('quite\u0000right'), { name: 'PASSWORD_CHARACTERS' })
  await client.checkPassword('quite right, this one', { userName: 'marigold' })
  t.ok(
    sent.every((call) => call.startsWith('/v1/password/range ')),
    'nothing else was called',
  )
  t.notMatch(sent.join(), sumOf('woaini1314').slice(5))
  await client.register({ ...user, password: 'cafe\u0301 au lait' })
  t.equal(
    (await client.login({ login: 'marigold', password: 'caf\u00e9 au lait' })).user.userName,
    'marigold',
  )
})
