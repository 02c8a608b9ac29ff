import { isDeepStrictEqual } from 'node:util'
import { createCore, fail, printStep, readDevice } from '../core.ts'
import type { Options } from '../script.ts'

export const help =
  'an echo over t/j, every step of the encryption printed (--device FILE, or --app and --secret)'
export const needs = ['url'] as const

const sample = { text: '鳥居 ⛩ "quoted"\n', number: -1.5, list: [1, 'two', null], nested: { yes: true } }

export const run = async ({ url, app, secret, device: file }: Options) => {
  const core = createCore({ url })
  if (!file && !(app && secret)) fail('expected --device, or --app and --secret')
  const device = file ? await readDevice(file) : await core.provision(app, secret)
  const { code, status, msg, timestamp, ...members } = await core.call(device, '/v1/echo', sample)
  if (code !== 1_000_000) fail(`expected code 1000000, got ${code} ${msg}`)
  if (status !== 1_000_000) fail(`expected status 1000000, got ${status}`)
  if (!Number.isSafeInteger(timestamp)) fail('expected a timestamp')
  if (!isDeepStrictEqual(members, sample)) fail(`other members came back: ${JSON.stringify(members)}`)
  printStep('done', 'what was sent came back')
}
