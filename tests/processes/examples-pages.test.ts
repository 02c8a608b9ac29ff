/** The pages of docs/examples: typed, built by Vite, and clicked through in Chromium. */
import { copyFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { Page } from 'playwright-core'
import t, { type Test } from 'tap'
import { openBrowser } from '../harness/chromium.ts'
import { openExamples } from './examples-app.ts'
import { root, run } from './packed-client.ts'
import { addPageApp } from './page-app.ts'
import { openFiles } from './static-files.ts'

t.setTimeout(300_000)

/** What a user does with any of the pages. */
const clickThrough = async (page: Page, userName: string) => {
  const shows = (text: string) => page.getByText(text, { exact: true }).waitFor({ timeout: 60_000 })
  const enter = async (password: string) => {
    await page.getByPlaceholder('user name').fill(userName)
    await page.getByPlaceholder('password').fill(password)
  }
  await shows('Not logged in')
  await enter('correct horse')
  await page.getByText('Register', { exact: true }).click()
  await shows(`Hello ${userName}`)
  await page.reload()
  await shows(`Hello ${userName}`)
  await page.getByText('Log out', { exact: true }).click()
  await shows('Not logged in')
  await enter('wrong')
  await page.getByText('Log in', { exact: true }).click()
  await shows('Login or password is wrong')
  await enter('correct horse')
  await page.getByText('Log in', { exact: true }).click()
  await shows(`Hello ${userName}`)
}

t.test('the pages of the examples', async (t) => {
  const { examples, installed, world, server } = await openExamples(t)
  const browser = await openBrowser()
  t.teardown(() => browser.close())
  const context = await browser.newContext({ locale: 'en-US' })

  const checkPage = async (t: Test, address: string, userName: string) => {
    const page = await context.newPage()
    const errors: string[] = []
    let workers = 0
    page.on('pageerror', (error) => errors.push(error.message))
    page.on('requestfailed', (request) => errors.push(request.url()))
    page.on('worker', () => workers++)
    await page.goto(address)
    await clickThrough(page, userName)
    t.same(errors, [], 'nothing was thrown, everything was found')
    t.ok(workers >= 3, 'each password was hashed in a Worker')
    await page.close()
  }
  const addApp = (origin: string) => addPageApp(world, server.url, origin)

  t.test('a page without a bundler logs in', async (t) => {
    await copyFile(join(installed, 'client.min.js'), join(examples, 'client.min.js'))
    const origin = await openFiles(t, examples)
    const { appId } = await addApp(origin)
    const words = new URLSearchParams({ url: server.url, appid: appId })
    await checkPage(t, `${origin}/page.html?${words}`, 'amber')
  })

  t.test('the types of the examples fit', async (t) => {
    const tsc = join(root, 'node_modules', 'typescript', 'bin', 'tsc')
    const { stdout } = await run(process.execPath, [tsc, '-p', examples]).catch(
      (error: { stdout: string }) => error,
    )
    t.equal(stdout, '')
  })

  const vite = join(root, 'node_modules', 'vite', 'bin', 'vite.js')
  for (const [name, userName] of Object.entries({ vite: 'beryl', react: 'coral', vue: 'druzy' })) {
    t.test(`${name}: Vite builds it, and its page logs in`, async (t) => {
      const cwd = join(examples, name)
      const origin = await openFiles(t, join(cwd, 'dist'))
      const { appId } = await addApp(origin)
      const env = { ...process.env, VITE_TORII_URL: server.url, VITE_TORII_APPID: appId }
      await run(process.execPath, [vite, 'build'], { cwd, env })
      await checkPage(t, `${origin}/index.html`, userName)
    })
  }
})
