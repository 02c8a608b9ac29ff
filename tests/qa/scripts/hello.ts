import { text } from '../../stranger/client.ts'
import { hello, helloOn2 } from '../../stranger/frames.ts'
import { fail, printStep } from '../core.ts'
import { openLine, openSealed, print } from '../line.ts'
import type { Options } from '../script.ts'

export const help = 'hello without a key (--form json or totp), and on a key of version 2'
export const needs = ['url', 'app', 'secret'] as const

const expectStage = (body: Parameters<typeof text>[0], stage: string) => {
  const found = text(body, 'hello', 'stage')
  if (found !== stage) fail(`hello: expected ${stage}, got ${found || JSON.stringify(body)}`)
  printStep('stage', found)
}

export const run = async (options: Options) => {
  expectStage((await hello(await openLine(options))).body, 'waitlogin')
  const { key, line } = await openSealed(options)
  expectStage((await helloOn2(print(line), key)).body, 'needlogin')
}
