/** Codes through the front door: what the shapes refuse, and what a person may type. */
import { createHash } from 'node:crypto'
import t from 'tap'
import { codes } from '../harness/codes.ts'
import { readCode } from '../harness/messages.ts'
import { openWays, openWorld } from './world.ts'

type Work = { algorithm: string; challenge: string; salt: string; signature: string }

const solveWork = ({ algorithm, challenge, salt, signature }: Work) => {
  let number = 0
  const hash = () =>
    createHash('sha256')
      .update(salt + number)
      .digest('hex')
  while (hash() !== challenge) number++
  return Buffer.from(JSON.stringify({ algorithm, challenge, number, salt, signature })).toString('base64')
}

const flow = `register-${'0a'.repeat(16)}`

t.test('a code is a text or a number of six digits', async (t) => {
  const world = await openWorld(t)
  const { JSON: call } = await openWays(world)
  const wrong = [[], ['123456'], {}, true, null, -1, 1_000_000, 1.5, '1'.repeat(33), '9'.repeat(8_000)]
  for (const code of wrong) {
    const reply = await call('/v1/verify', { flow, code })
    t.equal(
      reply.code,
      codes.PARAMETER_INVALID,
      `${JSON.stringify(code).slice(0, 40)}: ${JSON.stringify(reply)}`,
    )
    t.notMatch(JSON.stringify(reply), '9999999', 'and is not echoed')
  }
  t.equal((await call('/v1/verify', { flow })).code, codes.PARAMETER_MISSING)
  for (const flow of [[], 7, {}, 'x'.repeat(65), 'a\u0000b']) {
    t.equal(
      (await call('/v1/verify', { flow, code: '123456' })).code,
      codes.PARAMETER_INVALID,
      JSON.stringify(flow),
    )
  }
  for (const flow of ['', 'register-', `REGISTER-${'0'.repeat(32)}`, `nothing-${'0'.repeat(32)}`, '../..']) {
    t.equal((await call('/v1/verify', { flow, code: '123456' })).code, codes.CODE_EXPIRED, flow)
  }
})

t.test('full-width digits, blanks and numbers register a user', async (t) => {
  const world = await openWorld(t)
  const { JSON: call } = await openWays(world)
  const wide = (code: string) =>
    code.replace(/\d/g, (digit) => String.fromCodePoint((digit.codePointAt(0) ?? 0) + 0xfee0))
  const forms = [wide, (code: string) => ` ${code.slice(0, 3)} ${code.slice(3)} `, Number]
  for (const [at, form] of forms.entries()) {
    const email = `form-${'abc'[at]}@example.com`
    const sent = await call('/v1/register', { regmode: 'email', user: { email }, password: 'correct horse' })
    const code = form(await readCode(world.send, email))
    t.equal((await call('/v1/verify', { flow: sent.flow, code })).code, codes.REGISTERED, String(code))
  }
})

t.test('what is sent for', async (t) => {
  const world = await openWorld(t)
  const { JSON: call } = await openWays(world)
  const send = async (members: Record<string, unknown>) => (await call('/v1/code/send', members)).code
  const address = 'amber@example.com'
  t.equal(await send({}), codes.PARAMETER_MISSING)
  t.equal(await send({ purpose: 'login' }), codes.PARAMETER_MISSING)
  t.equal(await send({ purpose: 'nothing', address }), codes.PARAMETER_INVALID)
  t.equal(await send({ purpose: 'register', address }), codes.NOT_IN_LIST, 'it begins with its own operation')
  t.equal(await send({ purpose: 'login', address: [address] }), codes.PARAMETER_INVALID)
  t.equal(
    await send({ purpose: 'login', address: `${'a'.repeat(400)}@example.com` }),
    codes.PARAMETER_INVALID,
  )
  t.equal(await send({ flow: `login-${'0'.repeat(32)}` }), codes.CODE_EXPIRED)
  t.equal(await send({ purpose: 'login', address }), codes.OK)
})

t.test('a captcha is asked for after two codes of a network', async (t) => {
  const demand = [{ purpose: 'code', by: 'network', count: 2, seconds: 3_600, kind: 'work' }]
  const world = await openWorld(t, { TORII__CAPTCHA__DEMAND: JSON.stringify(demand) })
  const { JSON: call } = await openWays(world)
  const send = (name: string) => call('/v1/code/send', { purpose: 'login', address: `${name}@example.com` })
  t.equal((await send('amber')).code, codes.OK)
  t.equal((await send('bella')).code, codes.OK)
  t.match(await send('clara'), { code: codes.CAPTCHA_MISSING, captcha: { purpose: 'code', kind: 'work' } })
  t.equal((await call('/v1/code/send', { purpose: 'login', address: 'a@b@c' })).code, codes.MAIL_INVALID)
})

t.test('no captcha is asked for while it is too soon, and an unsolved one takes no time', async (t) => {
  const demand = [{ purpose: 'code', by: 'network', count: 1, seconds: 3_600, kind: 'work' }]
  const most = { TORII__CAPTCHA__WORK__MOST: '1000' }
  const world = await openWorld(t, { TORII__CAPTCHA__DEMAND: JSON.stringify(demand), ...most })
  const { JSON: call } = await openWays(world)
  const send = (name: string, more = {}) =>
    call('/v1/code/send', { purpose: 'login', address: `${name}@example.com`, ...more })
  t.equal((await send('amber')).code, codes.OK)
  t.match(await send('amber'), { code: codes.CODE_TOO_SOON, captcha: undefined })
  const refused = await send('bella')
  t.equal(refused.code, codes.CAPTCHA_MISSING)
  const { captchaId } = refused.captcha as { captchaId: string }
  t.equal((await send('bella', { captcha: { captchaId, answer: 'x' } })).code, codes.CAPTCHA_WRONG)
  t.equal((await send('bella')).code, codes.CAPTCHA_MISSING, 'still no time was taken')
  const issued = await call('/v1/captcha', { purpose: 'code', kind: 'work' })
  const captcha = { captchaId: issued.captchaId as string, answer: solveWork(issued.challenge as Work) }
  t.equal((await send('bella', { captcha })).code, codes.OK)
  t.equal((await send('bella')).code, codes.CODE_TOO_SOON)
})
