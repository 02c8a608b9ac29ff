/** The client in a real browser, on a page of another origin than the server's. */
import { randomBytes } from 'node:crypto'
import { type Browser, chromium, type Page } from 'playwright-core'
import t, { type Test } from 'tap'
import { findProgram } from '../../tools/test/programs.ts'
import { spawnServer } from '../harness/test-server.ts'
import { openPages } from './pages.ts'
import { openEmbedded } from './worlds.ts'

const quiet = ['no-sandbox', 'disable-gpu', 'disable-dev-shm-usage', 'disable-background-networking']

const openBrowser = (): Promise<Browser> => {
  const executablePath = findProgram('chromium', 'chromium-browser', 'google-chrome')
  if (executablePath === undefined) throw new Error('chromium is not installed')
  return chromium.launch({ executablePath, args: quiet.map((name) => `--${name}`) })
}

const openPage = async (browser: Browser, address: string): Promise<{ page: Page; errors: string[] }> => {
  const page = await browser.newPage()
  const errors: string[] = []
  page.on('pageerror', (error) => errors.push(error.message))
  await page.goto(address)
  await page.waitForFunction(() => window.torii !== undefined)
  return { page, errors }
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
    const { page, errors } = await openPage(browser, `${pages.origin}/${name}.html`)
    const round = await page.evaluate(
      ([options, userName]) => {
        if (!window.torii) throw new Error('the page is not ready')
        return window.torii.runRound(options, userName)
      },
      [{ url, ...options }, randomUser()] as const,
    )
    t.same(errors, [], 'nothing was thrown')
    t.match(round, { userId: /^\d+$/, wrongPassword: true, ended: true })
    t.equal(round.sessionOf, round.userId)
    t.equal(round.sessionAfterReload, round.userId)
    await page.close()
    t.comment(`${name}: ${round.ticks} ticks of 10 ms in ${Math.round(round.hashingMs)} ms`)
    return round
  }

  t.test('a whole round in the t/j envelope, with bcrypt in a Worker', async (t) => {
    const round = await runRound(t, 'mapped', listed)
    t.equal(round.workers, 3, 'one for each password')
    t.equal(round.workersAnswered, 3)
    t.ok(round.ticks > (round.hashingMs / 10) * 0.3, 'the page goes on while a password is hashed', round)
  })

  t.test('where no Worker can start, the page hashes by itself and still goes on', async (t) => {
    const round = await runRound(t, 'plain', listed)
    t.equal(round.workers, 1, 'tried once')
    t.equal(round.workersAnswered, 0)
    t.ok(round.ticks >= 1, 'the timer ran', round)
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
