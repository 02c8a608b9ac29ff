import { createClient } from '../../../src/client/index.ts'
import { fail, printStep, save } from '../core.ts'
import { readCode } from '../read-code.ts'
import type { Options } from '../script.ts'

export const help = 'sets a new password by a code, which it reads in the outbox of a trial'
export const needs = ['url', 'app', 'secret'] as const
export const texts = 'EMAIL PASSWORD'

export const run = async ({ url, app, secret, out, texts: [email, password] }: Options) => {
  if (email === undefined || password === undefined) return fail('expected an e-mail address and a password')
  const client = createClient({ url, appId: app, appSecret: secret, language: 'en', transport: 'json' })
  const { flow } = await client.sendResetCode(email)
  printStep('sent', `${flow} to ${email}`)
  const code = await readCode(url, email)
  printStep('code', code)
  const { user, tickets } = await client.resetPassword({ flow, code, newPassword: password })
  printStep('user', JSON.stringify(user))
  await save(out || 'data/qa/login.json', { user, password, tickets })
}
