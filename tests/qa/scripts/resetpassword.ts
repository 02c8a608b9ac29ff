import { setTimeout as sleep } from 'node:timers/promises'
import { type Client, createClient, isFailure } from '../../../src/client/index.ts'
import { fail, printStep, save } from '../core.ts'
import { readCode } from '../read-code.ts'
import type { Options } from '../script.ts'

export const help = 'sets a new password by a code, which it reads in the outbox of a trial'
export const needs = ['url', 'app', 'secret'] as const
export const texts = 'EMAIL PASSWORD'

/** Waits where a code was sent a moment ago. */
const sendCode = async (client: Client, email: string): Promise<{ flow: string }> => {
  try {
    return await client.sendResetCode(email)
  } catch (error) {
    if (!isFailure(error, 'CODE_TOO_SOON')) throw error
    const seconds = error.retryAfterSeconds ?? 1
    printStep('wait', `${seconds} s until the next code`)
    await sleep(seconds * 1_000)
    return sendCode(client, email)
  }
}

export const run = async ({ url, app, secret, out, texts: [email, password] }: Options) => {
  if (email === undefined || password === undefined) return fail('expected an e-mail address and a password')
  const client = createClient({ url, appId: app, appSecret: secret, language: 'en', transport: 'json' })
  const { flow } = await sendCode(client, email)
  printStep('sent', `${flow} to ${email}`)
  const code = await readCode(url, email)
  printStep('code', code)
  const { user, tickets } = await client.resetPassword({ flow, code, newPassword: password })
  printStep('user', JSON.stringify(user))
  await save(out || 'data/qa/login.json', { user, password, tickets })
}
