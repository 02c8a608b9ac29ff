import { fail, printStep } from '../core.ts'
import { expect, logIn, openLine } from '../line.ts'
import type { Options } from '../script.ts'

export const help = 'the profile of a user, or what another user lets this one see'
export const needs = ['url', 'app', 'secret'] as const
export const texts = 'NAME PASSWORD [NUMBER OF ANOTHER USER]'

export const run = async (options: Options) => {
  const [login, password, userId] = options.texts
  if (login === undefined || password === undefined) return fail('expected a name and a password')
  const line = await openLine(options)
  const token = await logIn(line, login, password)
  const { user } = await expect(line, '/v1/user/get', { token, ...(userId && { userId }) }, 1_000_000)
  for (const [name, value] of Object.entries(user as object)) printStep(name, JSON.stringify(value))
}
