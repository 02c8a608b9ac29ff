/** The page of a trial, in a real browser. */
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import t from 'tap'
import { openBrowser } from '../harness/chromium.ts'
import { embeddedEnvironment, spawnServer } from '../harness/test-server.ts'

t.setTimeout(120_000)

t.test('the page of a trial registers, logs in, shows the session and logs out', async (t) => {
  const folder = await mkdtemp(join(tmpdir(), 'torii-test-'))
  t.teardown(() => rm(folder, { recursive: true, force: true }))
  const server = await spawnServer(embeddedEnvironment(folder))
  t.teardown(() => server.stop())
  const browser = await openBrowser()
  t.teardown(() => browser.close())
  const page = await browser.newPage({ locale: 'en-US' })
  const errors: string[] = []
  page.on('pageerror', (error) => errors.push(error.message))
  page.on('console', (message) => {
    if (/Content Security Policy/.test(message.text())) errors.push(message.text())
  })
  await page.goto(`${server.url}/`)
  t.equal(await page.title(), 'Torii trial')

  const state = page.getByRole('status')
  /** The state alone may be the one of before: the reply that has just come tells that the call is done. */
  const press = async (name: string, expected: RegExp, code: number) => {
    await page.getByRole('button', { name, exact: true }).click()
    const shown = page.locator('pre').first()
    await shown.filter({ hasText: `"code": ${code}` }).waitFor()
    await state.filter({ hasText: expected }).waitFor()
    return shown.innerText()
  }
  await page.getByLabel('User name').fill('云中君')
  await page.getByLabel('Password').fill('correct horse')
  t.match(await press('Register', /Logged in: 云中君/, 1020000), /"code": 1020000/)
  t.match(await press('Session', /Logged in: 云中君/, 1030200), /"code": 1030200/)
  t.match(await press('Log out', /Not logged in/, 1020103), /"code": 1020103/)
  t.match(await press('Session', /The ticket has ended/, 1030201), /"reason": "logged-out"/)
  const login = await press('Log in', /Logged in: 云中君/, 1020100)
  t.match(login, /"code": 1020100/)
  t.notMatch(login, 'correct horse', 'the password is not shown')
  t.same(errors, [])

  const chinese = await browser.newPage({ locale: 'zh-CN' })
  await chinese.goto(server.url.replace('127.0.0.1', 'localhost'))
  t.equal(await chinese.title(), 'Torii 试用')
  await chinese.getByLabel('用户名').fill('云中君')
  await chinese.getByLabel('密码').fill('wrong')
  await chinese.getByRole('button', { name: '登录', exact: true }).click()
  await chinese.getByRole('status').filter({ hasText: '用户名或密码错误' }).waitFor()
})

t.test('without a trial / says what runs there, and has no script', async (t) => {
  const folder = await mkdtemp(join(tmpdir(), 'torii-test-'))
  t.teardown(() => rm(folder, { recursive: true, force: true }))
  const server = await spawnServer({ ...embeddedEnvironment(folder), TORII__SERVER__TRIAL: 'false' })
  t.teardown(() => server.stop())
  const text = await (await fetch(server.url)).text()
  t.notMatch(text, /<script/)
  t.match(text, /Torii/)
})
