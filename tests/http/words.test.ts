/** The word filter through the front door: names, the check operation and the old test page. */
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import t, { type Test } from 'tap'
import { codes } from '../harness/codes.ts'
import { createSealedClient, exchangeSealedKeys } from '../harness/key-client.ts'
import { until } from '../harness/test-server.ts'
import { checkRefusal, formOf, openWays, openWorld, register, writeLists } from './world.ts'

const lists = {
  deny: ['下&滥', 'badword', '口交'],
  allow: ['路口交通'],
  exact: ['ass'],
  reserved: ['moderator'],
}

const openFiltered = async (t: Test, environment: Record<string, string> = {}) =>
  openWorld(t, { TORII__WORDS__FOLDER: await writeLists(lists), ...environment })

t.test(
  'a forbidden name or nickname is refused in every envelope, with the member and without the word',
  async (t) => {
    const world = await openFiltered(t)
    const ways = await openWays(world)
    for (const [way, call] of Object.entries(ways)) {
      const names = [
        [{ userName: 'ＢＡＤ.word' }, 'user.userName'],
        [{ userName: `fine ${way.length}`, nickName: '下③滥 ' }, 'user.nickName'],
        [{ userName: 'm0derator' }, 'user.userName'],
        [{ userName: 'kiss my ass' }, 'user.userName'],
      ] as const
      for (const [user, info] of names) {
        const reply = await call('/v1/register', { regmode: 'anonymous', user, password: 'pass word' })
        t.match(reply, { code: codes.WORD_FORBIDDEN, info }, `${way}: ${JSON.stringify(user)}`)
        t.notMatch(JSON.stringify(reply), /滥|badword|moderator/)
      }
    }
    t.equal((await register(ways.JSON, '路口交通')).code, codes.REGISTERED)
    t.equal((await register(ways.JSON, 'class of 99')).code, codes.REGISTERED)
  },
)

t.test('a sealed call is checked the same way', async (t) => {
  const world = await openFiltered(t)
  const { JSON: call } = await openWays(world)
  const { keys } = await exchangeSealedKeys(call, world.app.appId, 'aesGcm')
  const post = (url: string, form: Record<string, string>) => world.request({ url, post: formOf(form) })
  const { call: sealedCall } = createSealedClient(keys, post, world.clock.now)
  const user = { userName: 'xbadwordx' }
  const reply = await sealedCall('/v1/register', { regmode: 'anonymous', user, password: 'pass word' })
  t.match(reply, { code: codes.WORD_FORBIDDEN, info: 'user.userName', sealed: true })
})

t.test('the check operation is for apps that may', async (t) => {
  const world = await openFiltered(t)
  const check = async (members: object) => world.callJson('/v1/words/check', { ...members })
  checkRefusal(t, await check({ text: 'badword' }), 'APP_RIGHT')
  await world.admin.apps.set(world.app.appId, { rights: ['words'] })
  await world.server.apps.reload()
  const { json } = await check({ text: 'a 下12滥 and BADword' })
  t.match(json, {
    code: codes.OK,
    isClean: false,
    text: 'a **** and *******',
    hits: [
      { word: '下&滥', list: 'deny', start: 2, end: 6 },
      { word: 'badword', list: 'deny', start: 11, end: 18 },
    ],
  })
  t.match((await check({ text: 'moderator 路口交通' })).json, { isClean: true, hits: [] })
  const many = (await check({ texts: ['fine', 'badword'] })).json
  t.match(many, {
    isClean: false,
    results: [
      { isClean: true, text: 'fine' },
      { isClean: false, text: '*******' },
    ],
  })
  checkRefusal(t, await check({}), 'PARAMETER_MISSING')
  checkRefusal(t, await check({ text: 'a', texts: [] }), 'PARAMETER_INVALID')
  checkRefusal(t, await check({ texts: Array(101).fill('a') }), 'PARAMETER_INVALID')
  await world.server.flush()
  t.same(await world.admin.words.hitsOfLastDay(), [{ list: 'deny', hits: 3 }])
})

t.test('without a list names pass, and the check operation does not call texts clean', async (t) => {
  const world = await openWorld(t)
  await world.admin.apps.set(world.app.appId, { rights: ['words'] })
  await world.server.apps.reload()
  const ways = await openWays(world)
  t.equal((await register(ways.JSON, 'badword')).code, codes.REGISTERED)
  checkRefusal(t, await world.callJson('/v1/words/check', { text: 'x' }), 'WORD_FILTER')
})

t.test('the old test page', async (t) => {
  const world = await openFiltered(t)
  for (const path of ['/tests/wordfilter.php', '/NyarukoLogin/tests/wordfilter.php']) {
    const clean = JSON.parse((await world.request({ url: `${path}?w=fine` })).body)
    t.match(clean, { code: codes.OK, msg: /./, 0: false, 1: 'fine', 2: '', timestamp: Number })
    const hit = JSON.parse((await world.request({ url: `${path}?w=${encodeURIComponent('x下滥')}` })).body)
    t.match(hit, { code: codes.WORD_FORBIDDEN, msg: /./, 0: true, 1: 'x**', 2: '下&滥', timestamp: Number })
  }
  const closed = await openFiltered(t, { TORII__SERVER__TRIAL: 'false' })
  checkRefusal(t, await closed.request({ url: '/tests/wordfilter.php?w=x' }), 'OPERATION_UNKNOWN')
  const open = await openFiltered(t, {
    TORII__SERVER__TRIAL: 'false',
    TORII__WORDS__TEST_PAGE: 'true',
    TORII__SECURITY__PROFILE: 'legacy',
  })
  t.equal((await open.request({ url: '/tests/wordfilter.php?w=x' })).status, 200)
})

t.test('with foldChinese a word counts in both scripts, by the real dictionaries', async (t) => {
  const folder = await writeLists({ deny: ['发财致富', '頭髮'] })
  const environment = { TORII__WORDS__FOLDER: folder, TORII__SECURITY__PROFILE: 'legacy' }
  const rows: [text: string, isCleanWithout: boolean][] = [
    ['我要發財致富', true],
    ['我要发财致富', false],
    ['她的头发', true],
    ['她的頭髮', false],
    ['𠮷發，財 致富了', true],
  ]
  for (const isFolded of [true, false]) {
    const world = await openWorld(t, { ...environment, TORII__WORDS__FOLD_CHINESE: String(isFolded) })
    await world.admin.apps.set(world.app.appId, { rights: ['words'] })
    await world.server.apps.reload()
    for (const [text, isCleanWithout] of rows) {
      const { json } = await world.callJson('/v1/words/check', { text })
      t.equal(json?.isClean, isFolded ? false : isCleanWithout, `${text}, folded: ${isFolded}`)
    }
    const { json } = await world.callJson('/v1/words/check', { text: '我要發財致富了' })
    if (isFolded) t.match(json, { text: '我要****了', hits: [{ word: '发财致富', start: 2, end: 6 }] })
  }
})

t.test('/readyz names what is wrong with the lists, and stays ready', async (t) => {
  const folder = await writeLists({ deny: ['badword'] })
  const world = await openWorld(t, { TORII__WORDS__FOLDER: folder })
  await writeFile(join(folder, 'deny.json'), '{')
  await world.admin.words.reload()
  const words = await until('/readyz tells it', async () => {
    world.clock.add(1_001)
    const reply = await world.request({ url: '/readyz' })
    t.equal(reply.status, 200)
    const { words } = JSON.parse(reply.body).dependencies
    return words !== 'ok' && words
  })
  t.match(words, /not JSON; the old words stay/)
  const ways = await openWays(world)
  t.equal((await register(ways.JSON, 'badword')).code, codes.WORD_FORBIDDEN)
})
