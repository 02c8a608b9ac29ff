import { suites1, suites2 } from '../../stranger/exchange.ts'
import { exchange1, exchange2 } from '../../stranger/frames.ts'
import { printStep } from '../core.ts'
import { getServerKeys, openLine } from '../line.ts'
import type { Options } from '../script.ts'

export const help = 'exchanges a key of each version and suite (--form json or totp), and checks every proof'
export const needs = ['url', 'app', 'secret'] as const

export const run = async (options: Options) => {
  const line = await openLine(options)
  const serverKeys = await getServerKeys(options)
  for (const { id } of serverKeys) printStep('server', `signs with ${id}`)
  for (const suite of suites1) {
    const { keyPrint } = await exchange1(line, suite)
    printStep('key', `version 1, ${suite}: ${keyPrint}`)
  }
  for (const suite of suites2) {
    // A device with a key of version 2 may not fall back: each suite has a line of its own.
    const { keyPrint } = await exchange2(await openLine(options), options.app, suite, serverKeys)
    printStep('key', `version 2, ${suite}: ${keyPrint}, signed by the server`)
  }
}
