import { randomBytes } from 'node:crypto'
import { printStep, save } from '../core.ts'
import { expect, hashPassword, openLine } from '../line.ts'
import type { Options } from '../script.ts'

export const help = 'registers a user, by default one with a random name, and saves the login'
export const needs = ['url', 'app', 'secret'] as const
export const texts = '[NAME [PASSWORD]]'

export const run = async (options: Options) => {
  const [userName = `qa-${randomBytes(6).toString('hex')}`, password = 'correct horse'] = options.texts
  const line = await openLine(options)
  const members = {
    regmode: 'anonymous',
    user: { userName },
    ...(await hashPassword(line, userName, password)),
  }
  const { user, tickets } = await expect(line, '/v1/register', members, 1_020_000)
  printStep('user', JSON.stringify(user))
  await save(options.out || 'data/qa/login.json', { user, password, tickets })
}
