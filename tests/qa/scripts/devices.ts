import { fail, printStep } from '../core.ts'
import { expect, hashPassword, openLine } from '../line.ts'
import type { Options } from '../script.ts'

export const help =
  'logs in twice, names the second device, proves the password again and logs out the others'
export const needs = ['url', 'app', 'secret'] as const
export const texts = 'NAME PASSWORD'

const isThis = (device: unknown) => (device as { isThis?: boolean }).isThis === true

export const run = async (options: Options) => {
  const [login, password] = options.texts
  if (login === undefined || password === undefined) return fail('expected a name and a password')
  const line = await openLine(options)
  const hashed = await hashPassword(line, login, password)
  const logIn = async (device: string) => {
    const members = { login, ...hashed, device: { type: 'qa', device } }
    const { tickets } = await expect(line, '/v1/login', members, 1_020_100)
    return (tickets as { skey: string }).skey
  }
  const first = await logIn('first')
  const token = await logIn('second')
  const list = async () =>
    (await expect(line, '/v1/device/list', { token }, 1_000_000)).devices as { id: string; device: string }[]
  const own = (await list()).find(isThis)
  if (!own) return fail('/v1/device/list: none of the devices is this one')
  await expect(line, '/v1/device/rename', { token, rename: own.id, name: 'QA bench' }, 1_000_000)
  const named = (await list()).find(isThis)?.device
  if (named !== 'QA bench') fail(`/v1/device/rename: the device is called ${named}`)
  printStep('named', named ?? '')
  const proven = await expect(line, '/v1/reauth', { token, how: 'password', ...hashed }, 1_000_000)
  const fresh = (proven.tickets as { skey: string }).skey
  printStep('proved', new Date(1_000 * Number(proven.authenticatedAt)).toISOString())
  const { ended } = await expect(line, '/v1/device/revoke', { token: fresh, revoke: 'others' }, 1_000_000)
  await expect(line, '/v1/session', { token: first }, 1_030_201)
  printStep('logged out', String(ended))
}
