import { fail, printStep, save } from '../core.ts'
import { expect, hashPassword, openLine } from '../line.ts'
import type { Options } from '../script.ts'

export const help = 'logs in (--form json, totp or sealed), and saves the login for the script session'
export const needs = ['url', 'app', 'secret'] as const
export const texts = 'NAME PASSWORD'

export const run = async (options: Options) => {
  const [login, password] = options.texts
  if (login === undefined || password === undefined) return fail('expected a name and a password')
  const line = await openLine(options)
  const members = { login, ...(await hashPassword(line, login, password)) }
  const { user, tickets } = await expect(line, '/v1/login', members, 1_020_100)
  printStep('user', JSON.stringify(user))
  await save(options.out || 'data/qa/login.json', { user, password, tickets })
}
