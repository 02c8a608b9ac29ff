/** From the page of a trial through the pages of real providers to a logged-in call, in a real browser. */
import { spawn } from 'node:child_process'
import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { type AddressInfo, createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import type { Page } from 'playwright-core'
import t from 'tap'
import { openBrowser } from '../harness/chromium.ts'
import { codes } from '../harness/codes.ts'
import { createWalker, newVerifier, openLoginProvider } from '../harness/login-provider.ts'
import { embeddedEnvironment, spawnServer, until } from '../harness/test-server.ts'
import { ask, createTorii } from '../tools/torii-process.ts'

t.setTimeout(180_000)

const findPort = async () => {
  const server = createServer()
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const { port } = server.address() as AddressInfo
  await new Promise((resolve) => server.close(resolve))
  return port
}

const openWorld = async () => {
  const folder = await mkdtemp(join(tmpdir(), 'torii-test-'))
  t.teardown(() => rm(folder, { recursive: true, force: true }))
  const port = await findPort()
  const publicUrl = `http://127.0.0.1:${port}`
  const acme = await openLoginProvider(t, [`${publicUrl}/oauth/callback/acme`])
  const other = await openLoginProvider(t, [`${publicUrl}/oauth/callback/other`])
  const server = await spawnServer({
    ...embeddedEnvironment(folder),
    TORII__SERVER__PORT: String(port),
    TORII__SERVER__PUBLIC_URL: publicUrl,
    TORII__PROVIDERS: JSON.stringify({
      acme: { ...acme.row, title: 'Acme' },
      other: { ...other.row, title: 'Other', responseMode: 'form_post' },
    }),
  })
  t.teardown(() => server.stop())
  const browser = await openBrowser()
  t.teardown(() => browser.close())
  return { server, browser, environment: embeddedEnvironment(folder) }
}

const { server, browser, environment } = await openWorld()
const trial = `${server.url}/`

/** Presses a button and waits for the reply that it brings. */
const press = async (page: Page, name: string, code: number) => {
  const before = await page.locator('pre').count()
  await page.getByRole('button', { name, exact: true }).click()
  await page.locator('pre').nth(before).waitFor()
  await waitForReply(page, code)
}
const waitForReply = (page: Page, code: number) =>
  page
    .locator('pre')
    .first()
    .filter({ hasText: `"code": ${code}` })
    .waitFor()

/** What a person does on the pages of the provider: a name and any password, then consent. */
const logInThere = async (page: Page, name: string) => {
  await page.locator('input[name=login]').fill(name)
  await page.locator('input[name=password]').fill('any')
  await page.getByRole('button', { name: 'Sign-in' }).click()
  await page.getByRole('button', { name: 'Continue' }).click()
}

const openPage = async () => {
  const context = await browser.newContext({ locale: 'en-US' })
  t.teardown(() => context.close())
  const page = await context.newPage()
  await page.goto(trial)
  return page
}

t.test(
  'a login by a provider, from a page to a logged-in call, with links and a second provider',
  async (t) => {
    const page = await openPage()
    const state = page.getByRole('status')
    await page.getByRole('button', { name: 'Acme', exact: true }).click()
    await logInThere(page, 'amber')
    await waitForReply(page, codes.LOGGED_IN)
    await state.filter({ hasText: /Logged in: user-[0-9a-f]{12}/ }).waitFor()
    const user = await state.innerText()
    t.equal(page.url(), trial, 'no code stays in the address')
    await press(page, 'Session', codes.TICKET_VALID)

    await page.getByLabel('Link to the logged-in user').check()
    await page.getByRole('button', { name: 'Other', exact: true }).click()
    await logInThere(page, 'amber elsewhere')
    await waitForReply(page, codes.OK)
    await state.filter({ hasText: 'Linked: other' }).waitFor()
    await press(page, 'Identities', codes.OK)
    t.match(await page.locator('pre').first().innerText(), /"acme"[\s\S]*"other"/)

    await press(page, 'Unlink Acme', codes.OK)
    await press(page, 'Unlink Other', codes.LAST_LOGIN)
    await press(page, 'Log out', codes.LOGGED_OUT)

    await page.getByRole('button', { name: 'Other', exact: true }).click()
    await waitForReply(page, codes.LOGGED_IN)
    t.equal(await state.innerText(), user, 'the second provider opens the account')
  },
)

t.test('a user who cancels comes back, and the back button makes no second login', async (t) => {
  const page = await openPage()
  await page.getByRole('button', { name: 'Acme', exact: true }).click()
  await page.getByRole('link', { name: 'Cancel' }).click()
  await page.getByRole('status').filter({ hasText: 'was not finished: access_denied' }).waitFor()

  await page.getByRole('button', { name: 'Acme', exact: true }).click()
  await logInThere(page, 'basil')
  await waitForReply(page, codes.LOGGED_IN)
  await page.goBack()
  await page.goto(trial)
  await press(page, 'Session', codes.TICKET_VALID)
  t.match(await page.locator('pre').first().innerText(), /"tier": "skey"/)
})

t.test('a callback that a stranger plants in a browser logs no user in', async (t) => {
  const stranger = await openPage()
  const asked = stranger.waitForRequest('**/auth?**')
  await stranger.route('**/auth?**', (route) => route.abort())
  await stranger.getByRole('button', { name: 'Acme', exact: true }).click()
  const callback = (await createWalker()((await asked).url(), 'mallory')).href

  const victim = await openPage()
  await victim.goto(callback)
  t.match(victim.url(), `${trial}?flow=`)
  await victim.getByRole('status').filter({ hasText: 'Not logged in' }).waitFor()
  await press(victim, 'Session', codes.NOT_LOGGED_IN)
  await victim.goto(callback)
  t.match(await victim.locator('body').innerText(), /2120102/, 'and the callback is used up')
})

t.test('the script of the testers logs in by a provider', async (t) => {
  const folder = await mkdtemp(join(tmpdir(), 'torii-test-'))
  t.teardown(() => rm(folder, { recursive: true, force: true }))
  const { appId = '', appSecret = '' } = server.app ?? {}
  const target = await findPort()
  const redirect = `http://127.0.0.1:${target}/`
  const torii = createTorii(environment)
  await ask(torii, 'app', 'set', appId, '--redirect', redirect)
  // A running server notices within a second.
  await until('the redirect is listed', async () => {
    const members = { appid: appId, appsecret: appSecret, provider: 'acme', redirect }
    const reply = await fetch(`${server.url}/v1/oauth/start`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ ...members, challenge: newVerifier().challenge }),
    })
    return reply.ok
  })
  const out = join(folder, 'login.json')
  const script = fileURLToPath(import.meta.resolve('#root/dist/tests/qa/run.js'))
  const options = ['--url', server.url, '--app', appId, '--secret', appSecret, '--out', out]
  const child = spawn(process.execPath, [script, 'oauth', 'acme', String(target), ...options], {
    cwd: folder,
  })
  const exited = new Promise((resolve) => child.once('exit', resolve))
  for await (const line of createInterface({ input: child.stdout })) {
    const [url] = /http:\/\/\S+\/auth\?\S+/.exec(line) ?? []
    if (url) await fetch((await createWalker()(url, 'tester')).href)
  }
  t.equal(await exited, 0)
  t.match(JSON.parse(await readFile(out, 'utf8')), {
    user: { userName: /^user-/ },
    tickets: { skey: /^sk_/ },
  })
})
