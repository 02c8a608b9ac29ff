import { codeAt, createCore, fail, printStep, save } from '../core.ts'
import type { Options } from '../script.ts'

export const help = 'provisions a device, checks its clock and code, and saves it (--out FILE)'
export const needs = ['url', 'app', 'secret'] as const

const maxClockSeconds = 60

export const run = async ({ url, app, secret, out }: Options) => {
  const device = await createCore({ url }).provision(app, secret)
  const { totp_code: code, totp_secret, totp_token, time, appname } = device
  if (appname !== app) fail(`appname: expected ${app}, got ${appname}`)
  const offset = Number(time) - Math.floor(Date.now() / 1_000)
  if (!(Math.abs(offset) <= maxClockSeconds)) {
    fail(`the clocks differ by ${offset} s; more than ${maxClockSeconds} s can't work`)
  }
  printStep('clock', `the server is ${offset} s ahead`)
  const expected = codeAt(totp_secret, Number(time))
  if (code !== Number(expected)) fail(`totp_code: expected ${Number(expected)}, got ${code}`)
  printStep('code', expected)
  await save(out || 'data/qa/totpsecret.json', { totp_secret, totp_token, time })
}
