/** The page of a trial, in a real browser. */
import { mkdtemp, rm } from 'node:fs/promises'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import t from 'tap'
import { openBrowser } from '../harness/chromium.ts'
import { codes } from '../harness/codes.ts'
import { createReadableRandom } from '../harness/pictures.ts'
import { embeddedEnvironment, openTestServer, spawnServer, until } from '../harness/test-server.ts'

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
  await page.getByLabel('Password', { exact: true }).fill('correct horse')
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
  await chinese.getByLabel('密码', { exact: true }).fill('wrong')
  await chinese.getByRole('button', { name: '登录', exact: true }).click()
  await chinese.getByRole('status').filter({ hasText: '用户名或密码错误' }).waitFor()
})

t.test('registering by e-mail, logging in by code and resetting the password, clicked through', async (t) => {
  const folder = await mkdtemp(join(tmpdir(), 'torii-test-'))
  t.teardown(() => rm(folder, { recursive: true, force: true }))
  const server = await spawnServer({ ...embeddedEnvironment(folder), TORII__CODES__RESEND_SECONDS: '1' })
  t.teardown(() => server.stop())
  const browser = await openBrowser()
  t.teardown(() => browser.close())
  const rows = [
    {
      locale: 'en-US',
      texts: [
        'Register by e-mail',
        'Send a login code',
        'Forgot the password',
        'Confirm',
        'Outbox',
        'Log out',
        'Log in',
      ],
      labels: ['E-mail address', 'Password to be set', 'Code', 'User name', 'Password'],
      shown: ['A code was sent', 'Logged in: ', 'Not logged in'],
    },
    {
      locale: 'zh-CN',
      texts: ['邮箱注册', '发送登录验证码', '忘记密码', '确认', '发件箱', '退出', '登录'],
      labels: ['邮箱地址', '设置的密码', '验证码', '用户名', '密码'],
      shown: ['验证码已发送', '已登录：', '未登录'],
    },
  ] as const
  for (const [at, { locale, texts, labels, shown }] of rows.entries()) {
    const context = await browser.newContext({ locale })
    const page = await context.newPage()
    const errors: string[] = []
    page.on('pageerror', (error) => errors.push(error.message))
    await page.goto(`${server.url}/`)
    const email = `amber${at}@mail.example`
    const field = (label: string) => page.getByLabel(label, { exact: true })
    const press = async (name: string, expected: string, code: number) => {
      await page.getByRole('button', { name, exact: true }).click()
      await page
        .locator('pre')
        .first()
        .filter({ hasText: `"code": ${code}` })
        .waitFor()
      await page.getByRole('status').filter({ hasText: expected }).waitFor()
    }
    /** Clicked again while it is too soon after the code before. */
    const askFor = (name: string) =>
      until('a code is sent', async () => {
        const calls = await page.locator('pre').count()
        await page.getByRole('button', { name, exact: true }).click()
        await page.locator('pre').nth(calls).waitFor()
        const newest = await page.locator('pre').first().innerText()
        return !newest.includes(`"code": ${codes.CODE_TOO_SOON}`)
      })
    /** As a user: the link to the outbox, the newest mail, its code. */
    const readCode = async () => {
      const [outbox] = await Promise.all([
        context.waitForEvent('page'),
        page.getByRole('link', { name: texts[4], exact: true }).click(),
      ])
      await outbox.getByText(email).first().waitFor()
      const [code] =
        /\b\d{6}\b/.exec(await outbox.locator('article').filter({ hasText: email }).first().innerText()) ?? []
      await outbox.close()
      if (code === undefined) throw new Error('no code in the outbox')
      return code
    }
    await field(labels[0]).fill(email)
    await field(labels[1]).fill('correct horse')
    await press(texts[0], shown[0], codes.REGISTERED_MAIL_SENT)
    await field(labels[2]).fill(await readCode())
    await press(texts[3], shown[1], codes.REGISTERED)
    await press(texts[5], shown[2], codes.LOGGED_OUT)
    await askFor(texts[1])
    await field(labels[2]).fill(await readCode())
    await press(texts[3], shown[1], codes.LOGGED_IN)
    await askFor(texts[2])
    await field(labels[2]).fill(await readCode())
    await field(labels[1]).fill('battery staple')
    await press(texts[3], shown[1], codes.OK)
    await field(labels[3]).fill(email)
    await field(labels[4]).fill('correct horse')
    await page.getByRole('button', { name: texts[6], exact: true }).click()
    await page
      .locator('pre')
      .first()
      .filter({ hasText: `"code": ${codes.LOGIN_FAILED}` })
      .waitFor()
    await field(labels[4]).fill('battery staple')
    await press(texts[6], shown[1], codes.LOGGED_IN)
    t.notMatch(
      await page.locator('#calls').innerText(),
      /correct horse|battery staple/,
      'no password is shown',
    )
    t.same(errors, [], locale)
    await context.close()
  }
})

t.test('the page of a trial shows a picture, takes what is typed, and solves work by itself', async (t) => {
  const { random, read } = createReadableRandom()
  const demand = [
    { purpose: 'register', by: 'network', count: 0, kind: 'picture' },
    { purpose: 'login', by: 'login', count: 1, seconds: 900, kind: 'work' },
  ]
  const environment = {
    TORII__CAPTCHA__DEMAND: JSON.stringify(demand),
    TORII__CAPTCHA__WORK__MOST: '1000',
    TORII__SERVER__TRIAL: 'true',
  }
  const { server, close } = await openTestServer({ environment, random })
  t.teardown(close)
  await server.http.listen({ host: '127.0.0.1', port: 0 })
  const { port } = server.http.server.address() as AddressInfo
  const { appId } = await server.apps.add({
    name: 'demo',
    isPublic: true,
    origins: [`http://127.0.0.1:${port}`],
  })
  t.ok(appId)
  const browser = await openBrowser()
  t.teardown(() => browser.close())
  const page = await browser.newPage({ locale: 'en-US' })
  const errors: string[] = []
  page.on('pageerror', (error) => errors.push(error.message))
  page.on('console', (message) => {
    if (/Content Security Policy/.test(message.text())) errors.push(message.text())
  })
  await page.goto(`http://127.0.0.1:${port}/`)
  await page.getByLabel('User name').fill('amber')
  await page.getByLabel('Password', { exact: true }).fill('correct horse')
  const picture = page.locator('#picture svg')
  t.notOk(await picture.isVisible())
  await page.getByRole('button', { name: 'Register', exact: true }).click()
  const typed = page.getByLabel('Letters in the picture')
  const answer = async (text: string) => {
    await typed.fill(text)
    await page.getByRole('button', { name: 'Answer' }).click()
  }
  const last = (code: number) =>
    page
      .locator('pre')
      .first()
      .filter({ hasText: `"code": ${code}` })
      .waitFor()
  await picture.waitFor()
  await answer('?????')
  await last(codes.CAPTCHA_WRONG)
  await typed.waitFor()
  // Small letters, full-width ones and blanks are the same to the server.
  await answer(` ${read().toLowerCase()} `)
  await last(codes.REGISTERED)
  t.notOk(await picture.isVisible())
  const status = page.getByRole('status')
  await status.filter({ hasText: 'Logged in: amber' }).waitFor()

  await page.getByLabel('Password', { exact: true }).fill('wrong')
  await page.getByRole('button', { name: 'Log in', exact: true }).click()
  await last(codes.LOGIN_FAILED)
  await page.getByLabel('Password', { exact: true }).fill('correct horse')
  await page.getByRole('button', { name: 'Log in', exact: true }).click()
  await last(codes.LOGGED_IN)
  t.equal(await page.locator('pre', { hasText: `"code": ${codes.CAPTCHA_MISSING}` }).count(), 2)
  t.same(errors, [])
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
