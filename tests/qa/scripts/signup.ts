import { randomBytes } from 'node:crypto'
import { createClient } from '../../../src/client/index.ts'
import { printStep, save } from '../core.ts'
import { readCode } from '../read-code.ts'
import type { Options } from '../script.ts'

export const help = 'registers by e-mail: reads the code in the outbox of a trial, and saves the login'
export const needs = ['url', 'app', 'secret'] as const
export const texts = '[EMAIL [PASSWORD]]'

export const run = async ({ url, app, secret, out, texts: given }: Options) => {
  const [email = `qa-${randomBytes(6).toString('hex')}@mail.example`, password = 'correct horse'] = given
  const client = createClient({ url, appId: app, appSecret: secret, language: 'en', transport: 'json' })
  const { flow } = await client.registerAddress({ email, password })
  printStep('sent', `${flow} to ${email}`)
  const code = await readCode(url, email)
  printStep('code', code)
  const { user, tickets } = await client.confirm({ flow, code })
  printStep('user', JSON.stringify(user))
  await save(out || 'data/qa/login.json', { user, password, tickets })
}
