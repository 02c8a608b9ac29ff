/** The two receivers in docs/examples, between a Torii and a recorder that stands where the vendor is. */
import { spawn } from 'node:child_process'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import t, { type Test } from 'tap'
import { createTestClock, openTestServer, until } from '../../harness/test-server.ts'
import { createAdder, createKeyEnvironment } from './world.ts'

const secret = `whsec_${Buffer.alloc(32, 9).toString('base64')}`

type Call = { url: URL; headers: Record<string, unknown>; body: string }

const openVendor = async (t: Test, answer: (times: number) => [status: number, body: object]) => {
  const calls: Call[] = []
  const server = createServer((request, response) => {
    let body = ''
    request.on('data', (chunk: Buffer) => {
      body += chunk.toString('utf8')
    })
    request.on('end', () => {
      calls.push({ url: new URL(request.url ?? '', 'http://vendor'), headers: request.headers, body })
      const [status, reply] = answer(calls.length)
      response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(reply))
    })
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  t.teardown(() => {
    server.closeAllConnections()
    server.close()
  })
  return { calls, VENDOR: `http://127.0.0.1:${(server.address() as AddressInfo).port}` }
}

const startExample = async (t: Test, name: string, environment: Record<string, string>): Promise<string> => {
  const file = fileURLToPath(import.meta.resolve(`#root/docs/examples/${name}`))
  const env = { PATH: process.env.PATH ?? '', SECRET: secret, PORT: '0', ...environment }
  const child = spawn(process.execPath, [file], { env, stdio: ['ignore', 'pipe', 'inherit'] })
  t.teardown(() => child.kill())
  let port = ''
  createInterface({ input: child.stdout }).on('line', (line) => {
    if (line.startsWith('listening')) port = line.split(' ')[1] ?? ''
  })
  await until(`${name} listens`, () => port !== '')
  return `http://127.0.0.1:${port}/`
}

const openTorii = async (t: Test, url: string) => {
  // The receiver compares with its own clock.
  const clock = createTestClock(Date.now())
  const environment = {
    ...createKeyEnvironment(),
    TORII__SMS__WEBHOOK__URL: url,
    TORII__SMS__WEBHOOK__SECRET: secret,
  }
  const world = await openTestServer({ environment, clock })
  t.teardown(() => world.close())
  const adder = createAdder({ environment, db: world.server.db, clock })
  await adder.add({ channel: 'phone', to: '+8613800138000' })
  const [row] = await adder.rows()
  const waitFor = (state: string) =>
    until(`it is ${state}`, async () => {
      clock.add(100)
      return (await adder.rows())[0]?.state === state
    })
  return { id: row?.messageId.toString('hex') ?? '', waitFor }
}

t.test(
  'Alibaba Cloud gets the template and its variables; a vendor that is busy is asked again',
  async (t) => {
    const vendor = await openVendor(t, (times) =>
      times === 1 ? [200, { Code: 'isv.BUSINESS_LIMIT_CONTROL' }] : [200, { Code: 'OK' }],
    )
    const url = await startExample(t, 'sms-aliyun.mjs', {
      VENDOR: vendor.VENDOR,
      KEY_ID: 'LTAI',
      KEY_SECRET: 'k',
      SIGN_NAME: '示例',
      TEMPLATE_CODE: 'SMS_1',
    })
    const { id, waitFor } = await openTorii(t, url)
    await waitFor('sent')
    t.equal(vendor.calls.length, 2)
    const [, call] = vendor.calls
    t.match(Object.fromEntries(call?.url.searchParams ?? []), {
      OutId: id,
      PhoneNumbers: '+8613800138000',
      SignName: '示例',
      TemplateCode: 'SMS_1',
      TemplateParam: '{"code":"314159","minutes":"10"}',
    })
    t.match(call?.headers.authorization, /^ACS3-HMAC-SHA256 Credential=LTAI,SignedHeaders=host;x-acs-action;/)
    t.match(call?.headers, { 'x-acs-action': 'SendSms', 'x-acs-version': '2017-05-25' })
  },
)

t.test('Twilio gets the text; a number that it refuses is given up', async (t) => {
  const vendor = await openVendor(t, (times) =>
    times === 1 ? [201, {}] : [400, { code: 21211, message: 'no' }],
  )
  const url = await startExample(t, 'sms-twilio.mjs', {
    VENDOR: vendor.VENDOR,
    ACCOUNT: 'AC1',
    TOKEN: 'k',
    FROM: '+15005550006',
  })
  const good = await openTorii(t, url)
  await good.waitFor('sent')
  const [call] = vendor.calls
  t.equal(call?.url.pathname, '/2010-04-01/Accounts/AC1/Messages.json')
  t.match(Object.fromEntries(new URLSearchParams(call?.body)), {
    To: '+8613800138000',
    From: '+15005550006',
    Body: 'Torii: 314159 is your code to log in. Good for 10 minutes. Give it to no one.',
  })
  const refused = await openTorii(t, url)
  await refused.waitFor('given-up')
  const forged = await fetch(url, {
    method: 'POST',
    body: call?.body ?? '',
    headers: { 'webhook-id': good.id },
  })
  t.equal(forged.status, 401, 'an unsigned call reaches no vendor')
  t.equal(vendor.calls.length, 2)
})
