/** The client in a real browser, on a page of another origin than the server's. */
import { randomBytes } from 'node:crypto'
import type { Browser, BrowserContext, Page } from 'playwright-core'
import t, { type Test } from 'tap'
import type { KeyExchangeOptions } from '../../src/client/index.ts'
import { openPages } from '../client/pages.ts'
import { headerOf } from '../client/wire.ts'
import { openEmbedded } from '../client/worlds.ts'
import { openBrowser } from '../harness/chromium.ts'
import { spawnServer } from '../harness/test-server.ts'

const openPage = async (
  browser: Browser | BrowserContext,
  address: string,
): Promise<{ page: Page; errors: string[]; loaded: string[] }> => {
  const page = await browser.newPage()
  const errors: string[] = []
  const loaded: string[] = []
  page.on('pageerror', (error) => errors.push(error.message))
  page.on('request', (request) => loaded.push(request.url()))
  await page.goto(address)
  await page.waitForFunction(() => window.torii !== undefined)
  return { page, errors, loaded }
}

t.test('the client in Chromium', async (t) => {
  t.setTimeout(120_000)
  const pages = await openPages()
  t.teardown(pages.close)
  // A cost at which a page that hashes by itself can be told from one that doesn't.
  const world = await openEmbedded({ TORII__PASSWORD__COST: '12' })
  t.teardown(world.close)
  const listed = await world.admin.apps.add({ name: 'page', origins: [pages.origin] })
  const open = await world.admin.apps.add({ name: 'public', isPublic: true, origins: [pages.origin] })
  const server = await spawnServer(world.environment)
  t.teardown(server.stop)
  const browser = await openBrowser()
  t.teardown(() => browser.close())
  const randomUser = () => `user-${randomBytes(6).toString('hex')}`
  const { url } = server

  const runRound = async (t: Test, name: string, options: { appId: string; appSecret?: string }) => {
    const { page, errors, loaded } = await openPage(browser, `${pages.origin}/${name}.html`)
    const round = await page.evaluate(
      ([options, userName]) => {
        if (!window.torii) throw new Error('the page is not ready')
        return window.torii.runRound(options, userName)
      },
      [{ url, ...options }, randomUser()] as const,
    )
    t.same(errors, [], 'nothing was thrown')
    t.same(
      loaded.filter((address) => /curves|ciphers/.test(address)),
      [],
      'no code for keys is loaded before a key is used',
    )
    t.match(round, { userId: /^\d+$/, wrongPassword: true, ended: true })
    t.equal(round.sessionOf, round.userId)
    t.equal(round.sessionAfterReload, round.userId)
    await page.close()
    t.comment(`${name}: ${round.ticks} ticks of 10 ms in ${Math.round(round.hashingMs)} ms`)
    return round
  }

  t.test('a whole round in the t/j envelope, with bcrypt in a Worker', async (t) => {
    const round = await runRound(t, 'mapped', listed)
    t.equal(round.workers, 4, 'one for each hash; registering makes two, of the name and of the number')
    t.equal(round.workersAnswered, 4)
    t.ok(round.ticks > (round.hashingMs / 10) * 0.3, 'the page goes on while a password is hashed', round)
  })

  t.test('where no Worker can start, the page hashes by itself and still goes on', async (t) => {
    const round = await runRound(t, 'plain', listed)
    t.equal(round.workers, 2, 'tried once, by the two hashes of registering')
    t.equal(round.workersAnswered, 0)
    t.ok(round.ticks >= 1, 'the timer ran', round)
  })

  t.test('keys of each suite are exchanged, sealed with and resumed on', async (t) => {
    const context = await browser.newContext()
    t.teardown(() => context.close())
    const { page, errors } = await openPage(context, `${pages.origin}/mapped.html`)
    const exchanges = [
      { version: 1, suite: 'AES-CTR' },
      { version: 1, suite: 'ChaCha20' },
      { version: 2, suite: 'AES-256-GCM' },
      { version: 2, suite: 'ChaCha20-Poly1305' },
    ] as const
    const run = (
      app: { appId: string; appSecret?: string },
      exchange: KeyExchangeOptions,
      userName = randomUser(),
    ) =>
      page.evaluate(([options, userName, exchange]) => window.torii?.runKeys(options, userName, exchange), [
        { url, ...app },
        userName,
        exchange,
      ] as const)
    for (const [at, exchange] of exchanges.entries()) {
      const round = await run(at % 2 ? listed : { appId: open.appId }, exchange)
      t.match(round, { userId: /^\d+$/, refused: '', afterLogout: 'NOT_LOGGED_IN' }, exchange.suite)
      t.equal(round?.resumedAs, round?.userId)
      t.same(round?.stages, ['needlogin', 'waitdata', 'needlogin'])
    }
    const weak = await run(listed, { version: 1, suite: 'twofish128' })
    t.equal(weak?.refused, 'TypeError', 'Twofish wants a bundler')

    const userName = randomUser()
    const last = await run(listed, { version: 2 }, userName)
    const other = await openPage(context, `${pages.origin}/plain.html`)
    const sealed: { sequence: number }[] = []
    context.on('request', (request) => {
      const form = new URLSearchParams(request.postData() ?? '')
      if (form.get('v') === '2') sealed.push(headerOf({ j: form.get('j') ?? '' }))
    })
    const tabs = [page, other.page].map((tab) =>
      tab.evaluate(([options, userName]) => window.torii?.callOften(options, userName, 100), [
        { url, ...listed },
        userName,
      ] as const),
    )
    const answers = (await Promise.all(tabs)).flat()
    t.same([...new Set(answers)], [last?.userId], 'two tabs on one key')
    t.equal(answers.length, 200)
    t.ok(sealed.length >= 200)
    t.equal(new Set(sealed.map(({ sequence }) => sequence)).size, sealed.length, 'no number twice')
    t.same([...errors, ...other.errors], [])
    t.comment(`${sealed.length} sealed calls of two tabs`)
  })

  t.test('a database that the browser has closed is opened again', async (t) => {
    const context = await browser.newContext()
    t.teardown(() => context.close())
    const { page, errors } = await openPage(context, `${pages.origin}/plain.html`)
    const devtools = await context.newCDPSession(page)
    const clear = () =>
      devtools.send('Storage.clearDataForOrigin', { origin: pages.origin, storageTypes: 'indexeddb' })
    const set = (name: string, text: string) =>
      page.evaluate(([name, text]) => window.torii?.storageOf(name).set('key', text), [name, text] as const)
    const get = (name: string) => page.evaluate((name) => window.torii?.storageOf(name).get('key'), name)
    await set('closed', 'first')
    t.equal(await get('closed'), 'first')
    await clear()
    t.equal(await get('closed'), undefined, 'the browser has removed it')
    await set('closed', 'second')
    t.equal(await get('closed'), 'second', 'and the page goes on without a reload')
    await clear()
    await set('closed', 'third')
    t.equal(await get('closed'), 'third', 'also when the first use after it is a write')

    const other = await openPage(context, `${pages.origin}/plain.html`)
    const isDeleted = await other.page.evaluate(() => window.torii?.deleteDatabase('closed'))
    t.ok(isDeleted, 'an open page does not keep another tab from deleting the database')
    await set('closed', 'fourth')
    t.equal(await get('closed'), 'fourth')

    const userName = randomUser()
    const login = (it: { url: string; appId: string; appSecret?: string }, userName: string) =>
      page.evaluate(([options, name]) => window.torii?.runKeys(options, name, { version: 2 }), [
        it,
        userName,
      ] as const)
    t.match(await login({ url, ...listed }, userName), { refused: '', afterLogout: 'NOT_LOGGED_IN' })
    t.same([...errors, ...other.errors], [])
  })

  t.test('a public app needs no secret and is known by its origin', async (t) => {
    await runRound(t, 'mapped', { appId: open.appId })
  })

  t.test('a page of an origin that no app lists reads nothing', async (t) => {
    const stranger = await openPages()
    t.teardown(stranger.close)
    const { page } = await openPage(browser, `${stranger.origin}/mapped.html`)
    for (const options of [listed, { appId: open.appId }]) {
      const failure = await page.evaluate((it) => window.torii?.tryEcho(it), { url, ...options })
      t.equal(failure, 'UNREACHABLE')
    }
  })
})
