/** Provisions a device, checks clock and code, and saves it for other scripts. */
import { writeFile } from 'node:fs/promises'
import { codeAt, createCore, fail, printStep } from './core.ts'
import type { Options } from './run.ts'

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
  await writeFile(out, `${JSON.stringify({ totp_secret, totp_token, time }, null, 2)}\n`, { mode: 0o600 })
  printStep('saved', out)
}
