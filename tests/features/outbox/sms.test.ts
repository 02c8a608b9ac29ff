/** SMS: a receiver of our webhook, on loopback, that checks the signature as Standard Webhooks says. */
import { createHmac } from 'node:crypto'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import t, { type Test } from 'tap'
import { signWebhook } from '../../../src/adapters/webhook-signature.ts'
import { createTestClock, type Environment, openTestServer, until } from '../../harness/test-server.ts'
import { createAdder, createKeyEnvironment } from './world.ts'

const secret = Buffer.alloc(32, 7)

type Call = { headers: Record<string, unknown>; body: string }

/** `answer` is the status of a call, by how many there were with its id. */
const openReceiver = async (t: Test, answer: (times: number) => number = () => 200) => {
  const calls: Call[] = []
  const server = createServer((request, response) => {
    let body = ''
    request.setEncoding('utf8').on('data', (text: string) => {
      body += text
    })
    request.on('end', () => {
      calls.push({ headers: request.headers, body })
      const id = request.headers['webhook-id']
      response.writeHead(answer(calls.filter(({ headers }) => headers['webhook-id'] === id).length), {
        location: 'http://127.0.0.1:1/elsewhere',
      })
      response.end('a long answer that nothing reads')
    })
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  t.teardown(() => {
    server.closeAllConnections()
    server.close()
  })
  return { calls, url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/send` }
}

const open = async (t: Test, url: string, more: Environment = {}) => {
  const clock = createTestClock()
  const environment = {
    ...createKeyEnvironment(),
    TORII__SMS__WEBHOOK__URL: url,
    TORII__SMS__WEBHOOK__SECRET: `whsec_${secret.toString('base64')}`,
    ...more,
  }
  const world = await openTestServer({ environment, clock })
  t.teardown(() => world.close())
  const adder = createAdder({ environment, db: world.server.db, clock })
  const addSms = () => adder.add({ channel: 'phone', to: '+8613800138000', language: 'zh-CN' })
  return { world, clock, ...adder, addSms }
}

t.test('an example of the specification has its signature', async (t) => {
  // https://github.com/standard-webhooks/standard-webhooks, the test of the reference implementations.
  const key = Buffer.from('MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw', 'base64')
  const parts = { id: 'msg_p5jXN8AQM9LWM0D4loKWxJek', seconds: 1_614_265_330, body: '{"test": 2432232314}' }
  const signed = signWebhook([key], parts)
  t.equal(signed['webhook-signature'], 'v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=')
})

t.test('a signed call has the text, and what a vendor fills its own template with', async (t) => {
  const receiver = await openReceiver(t)
  const { addSms, rows, clock } = await open(t, receiver.url)
  await addSms()
  const [call] = await until('the call', () => receiver.calls.length > 0 && receiver.calls)
  const { headers, body } = call ?? { headers: {}, body: '' }
  const signed = `${headers['webhook-id']}.${headers['webhook-timestamp']}.${body}`
  const signature = createHmac('sha256', secret).update(signed).digest('base64')
  t.equal(headers['webhook-signature'], `v1,${signature}`)
  t.equal(headers['webhook-timestamp'], String(Math.floor(clock.now() / 1_000)))
  t.match(JSON.parse(body), {
    type: 'sms.send',
    data: {
      to: '+8613800138000',
      text: '【Torii】您登录的验证码是 314159，10 分钟内有效。请勿告诉他人。',
      kind: 'code',
      language: 'zh-CN',
      variables: { code: '314159', minutes: '10' },
    },
  })
  await until('the row is sent', async () => (await rows())[0]?.state === 'sent')
  t.equal(headers['webhook-id'], (await rows())[0]?.messageId.toString('hex'))
})

const answers: [status: number, state: string, problem: RegExp][] = [
  [400, 'given-up', /answers 400/],
  [422, 'given-up', /answers 422/],
  [429, 'waiting', /answers 429/],
  [500, 'waiting', /sms\.webhook\.url: the receiver answers 500/],
  [401, 'waiting', /sms\.webhook\.secret/],
  [404, 'waiting', /sms\.webhook\.url/],
  [307, 'waiting', /answers 307/],
]

t.test(
  'what the receiver answers decides whether it is called again; a redirect is not followed',
  async (t) => {
    for (const [status, state, problem] of answers) {
      const receiver = await openReceiver(t, () => status)
      const { addSms, rows } = await open(t, receiver.url)
      await addSms()
      await until(`an attempt at ${status}`, async () => (await rows())[0]?.problem !== '')
      t.match((await rows())[0], { state, problem }, `${status}`)
    }
  },
)

t.test('a receiver that fails first is called again with the same id', async (t) => {
  const receiver = await openReceiver(t, (times) => (times < 3 ? 500 : 204))
  const { addSms, rows, clock } = await open(t, receiver.url)
  await addSms()
  await until('the SMS is sent', async () => {
    clock.add(1_000)
    return (await rows())[0]?.state === 'sent'
  })
  t.equal(receiver.calls.length, 3)
  t.equal(new Set(receiver.calls.map(({ headers }) => headers['webhook-id'])).size, 1)
  t.equal(new Set(receiver.calls.map(({ body }) => body)).size, 1, 'the same text')
})

t.test('a receiver that does not answer is left after sms.webhook.timeoutMs', async (t) => {
  const server = createServer(() => {})
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  t.teardown(() => {
    server.closeAllConnections()
    server.close()
  })
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/`
  const { addSms, rows } = await open(t, url, { TORII__SMS__WEBHOOK__TIMEOUT_MS: '200' })
  await addSms()
  await until('an attempt', async () => (await rows())[0]?.problem !== '')
  t.match((await rows())[0], {
    state: 'waiting',
    problem: /no answer within 200 ms \(sms\.webhook\.timeoutMs\)/,
  })
})
