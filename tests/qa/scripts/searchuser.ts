import { items, text } from '../../stranger/client.ts'
import { fail, printStep } from '../core.ts'
import { expect, logIn, openLine } from '../line.ts'
import type { Options } from '../script.ts'

export const help = 'finds users by number, userName, email, phone or nickName; follows the cursor to the end'
export const needs = ['url', 'app', 'secret'] as const
export const texts = 'NAME PASSWORD HOW TEXT'

/** So that a common beginning does not use up the day. */
const mostPages = 5

export const run = async (options: Options) => {
  const [login, password, by, wanted] = options.texts
  if (login === undefined || password === undefined) return fail('expected a name and a password')
  if (by === undefined || wanted === undefined) return fail('expected how to find, and a text')
  const line = await openLine(options)
  const token = await logIn(line, login, password)
  let cursor = ''
  let found = 0
  for (let page = 0; page < mostPages; page++) {
    const members = { token, by, text: wanted, ...(cursor && { cursor }) }
    const reply = await expect(line, '/v1/user/find', members, 1_000_000)
    for (const user of items(reply, 'users')) printStep('user', JSON.stringify(user))
    found += items(reply, 'users').length
    cursor = text(reply, 'cursor')
    if (cursor === '') break
  }
  printStep('found', `${found}${cursor === '' ? '' : ' and more'}`)
}
