import { isDeepStrictEqual } from 'node:util'
import type { Json } from '../../stranger/client.ts'
import { fail, printStep } from '../core.ts'
import { expect, logIn, openLine } from '../line.ts'
import type { Options } from '../script.ts'

export const help = 'changes members of a profile, reads them back, and compares'
export const needs = ['url', 'app', 'secret'] as const
export const texts = 'NAME PASSWORD MEMBER=VALUE …'

/** A value is JSON where it can be read so, else a text. */
const readMember = (typed: string): [string, unknown] => {
  const at = typed.indexOf('=')
  if (at < 1) return fail(`expected MEMBER=VALUE, got ${typed}`)
  const value = typed.slice(at + 1)
  try {
    return [typed.slice(0, at), JSON.parse(value)]
  } catch {
    return [typed.slice(0, at), value]
  }
}

export const run = async (options: Options) => {
  const [login, password, ...typed] = options.texts
  if (login === undefined || password === undefined) return fail('expected a name and a password')
  if (typed.length === 0) return fail('expected MEMBER=VALUE')
  const changes = Object.fromEntries(typed.map(readMember))
  const line = await openLine(options)
  const token = await logIn(line, login, password)
  await expect(line, '/v1/user/set', { token, ...changes }, 1_000_000)
  const user = (await expect(line, '/v1/user/get', { token }, 1_000_000)).user as Json
  for (const [name, value] of Object.entries(changes)) {
    const kept = user[name] ?? ''
    if (!isDeepStrictEqual(kept, value)) fail(`${name}: sent ${value}, came back as ${kept}`)
    printStep(name, JSON.stringify(kept))
  }
}
