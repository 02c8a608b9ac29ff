/** The page of a one-tap link, in a real browser: nothing happens before the click, and no one but the browser sees the code. */
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import t from 'tap'
import { findLink } from '../../../src/features/verification/links.ts'
import { openBrowser } from '../../harness/chromium.ts'
import { embeddedEnvironment, spawnServer } from '../../harness/test-server.ts'
import { ask, openOne } from './world.ts'

t.setTimeout(120_000)

const flow = `login-${'0a'.repeat(16)}`
const code = '012345'

t.test('a mail has a link for apps that have one, with the code in its fragment', async (t) => {
  const links = [
    { app: 'one', to: 'myapp:code' },
    { app: '', to: '' },
  ]
  t.equal(findLink(links, { appId: 'one', flow, code }), `/code?app=one#flow=${flow}&code=${code}`)
  t.equal(findLink(links, { appId: 'a b', flow, code }), `/code?app=a%20b#flow=${flow}&code=${code}`)
  t.equal(findLink(links.slice(0, 1), { appId: 'other', flow, code }), '', 'none for other apps')
  const { codes, posted } = await openOne(t, {
    TORII__MAIL__LINKS: JSON.stringify(links),
    TORII__SERVER__PUBLIC_URL: 'https://login.example',
  })
  const sent = await codes.send(ask('amber@example.com'))
  const { link, code: digits } = posted[0]?.variables ?? {}
  t.equal(link, `/code?app=app#flow=${sent.flow}&code=${digits}`)
  await codes.send(ask('bella@example.com', { asWhat: 'nothing' }))
  t.equal(posted[1]?.variables.link, '', 'no link without a code')
  for (const purpose of ['register', 'change-email'] as const) {
    await codes.send(ask(`${purpose}@example.com`, { purpose }))
    t.equal(
      posted.at(-1)?.variables.link,
      '',
      `${purpose}: a stranger may have prepared what a click would do`,
    )
  }
})

t.test('the page waits for a click', async (t) => {
  const folder = await mkdtemp(join(tmpdir(), 'torii-test-'))
  const links = [
    { app: 'web', to: 'https://app.example/continue' },
    { app: '', to: '' },
  ]
  const server = await spawnServer({
    ...embeddedEnvironment(folder),
    TORII__MAIL__LINKS: JSON.stringify(links),
    TORII__SERVER__PUBLIC_URL: 'https://login.example',
  })
  t.teardown(async () => {
    await server.stop()
    await rm(folder, { recursive: true, force: true })
  })
  const browser = await openBrowser()
  t.teardown(() => browser.close())
  const page = await browser.newPage({ locale: 'en-US' })
  const problems: string[] = []
  page.on('pageerror', (error) => problems.push(error.message))
  const asked: string[] = []
  await page.route('**/*', (route) => {
    asked.push(route.request().url())
    return route.request().url().startsWith(server.url)
      ? route.continue()
      : route.fulfill({ contentType: 'text/html', body: '<p>the app</p>' })
  })

  await page.goto(`${server.url}/code?app=web#flow=${flow}&code=${code}`)
  t.notMatch(await page.content(), code, 'not shown before the click')
  t.equal(page.url(), `${server.url}/code`, 'nor in the bar and the history')
  t.same(asked, [`${server.url}/code?app=web`], 'and the server has not seen it')
  await page.getByRole('button', { name: 'Continue in the app' }).click()
  await page.waitForURL('https://app.example/**')
  t.equal(page.url(), `https://app.example/continue#flow=${flow}&code=${code}`)

  await page.goto(`${server.url}/code?app=unlisted#flow=${flow}&code=${code}`)
  await page.getByRole('button', { name: 'Show the code' }).click()
  await page.getByText(code).waitFor()

  for (const fragment of ['', `#flow=${flow}&code=<b>`, '#flow=javascript:alert(1)&code=123456']) {
    await page.goto(`${server.url}/healthz`)
    await page.goto(`${server.url}/code?app=web${fragment}`)
    await page.getByText('The link is not complete').waitFor()
    t.equal(await page.getByRole('button').count(), 0, fragment)
  }
  t.same(problems, [])
})
