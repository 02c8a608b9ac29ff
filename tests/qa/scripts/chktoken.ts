import { text } from '../../stranger/client.ts'
import { fail, printStep } from '../core.ts'
import { openLine } from '../line.ts'
import type { Options } from '../script.ts'

export const help = 'whether a ticket is good, whose it is, and why it has ended'
export const needs = ['url', 'app', 'secret'] as const
export const texts = 'TICKET'

const [good, ended] = [1_030_200, 1_030_201]

export const run = async (options: Options) => {
  const [token] = options.texts
  if (token === undefined) return fail('expected a ticket')
  const line = await openLine(options)
  const { body } = await line.call('/v1/session', { token })
  if (body.code !== good && body.code !== ended) fail(`/v1/session: ${body.code} ${body.msg}`)
  if (body.code === ended) return printStep('ended', text(body, 'reason') || 'no such ticket')
  printStep('good', `${text(body, 'tier')} of ${text(body, 'user', 'userName')}`)
}
