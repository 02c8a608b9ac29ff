import { readFile } from 'node:fs/promises'
import { parse, text } from '../../stranger/client.ts'
import { fail, printStep } from '../core.ts'
import { expect, openLine } from '../line.ts'
import type { Options } from '../script.ts'

export const help = 'whose a ticket is: the one given, or that of the login that was saved last'
export const needs = ['url', 'app', 'secret'] as const
export const texts = '[TICKET]'

const readSaved = async () => {
  const saved = await readFile('data/qa/login.json', 'utf8').catch(() =>
    fail('expected a ticket, or a login that the scripts register or login have saved'),
  )
  return text(parse(saved), 'tickets', 'skey')
}

export const run = async (options: Options) => {
  const [token = await readSaved()] = options.texts
  const line = await openLine(options)
  const reply = await expect(line, '/v1/session', { token }, 1_030_200)
  const at = (name: string) => new Date(1_000 * Number(reply[name])).toISOString()
  printStep('user', JSON.stringify(reply.user))
  printStep('ends', `${at('expiresAt')}, without a call ${at('idleAt')}`)
}
