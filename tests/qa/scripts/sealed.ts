import { suites2 } from '../../stranger/exchange.ts'
import { fail, printStep } from '../core.ts'
import { expect, openSealed, print } from '../line.ts'
import type { Options } from '../script.ts'

export const help = 'exchanges a key of version 2, and sends a sealed echo, also a second time'
export const needs = ['url', 'app', 'secret'] as const

export const run = async (options: Options) => {
  for (const suite of suites2) {
    const { line } = await openSealed(options, suite)
    const reply = await expect(print(line), '/v1/echo', { greeting: '鳥居 ⛩' }, 1_000_000)
    if (reply.greeting !== '鳥居 ⛩') fail('echo: something else came back')
    const copy = await line.repeat()
    if (copy.body.code !== 2_020_408) fail(`the same bytes again: expected 2020408, got ${copy.raw}`)
    printStep('done', `${suite}: what was sent came back, and its copy was refused`)
  }
}
