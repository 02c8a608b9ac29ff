/** Calls in any form, printed, by the client that was written from docs/protocol.md alone (tests/stranger). */

import { createHash } from 'node:crypto'
import { hash } from 'bcryptjs'
import {
  get,
  items,
  type Json,
  jsonLine,
  type Line,
  provision,
  type SealedLine,
  sealedLine,
  text,
  totpLine,
} from '../stranger/client.ts'
import { base64, type Key2, type ServerKey, type Suite2 } from '../stranger/exchange.ts'
import { exchange2 } from '../stranger/frames.ts'
import { fail, printStep } from './core.ts'
import type { Options } from './script.ts'

/** Prints each call and its reply. */
export const print = (line: Line): Line => ({
  form: line.form,
  call: async (path, members) => {
    printStep('call', `${line.form} ${path} ${JSON.stringify(members)}`)
    const answer = await line.call(path, members)
    printStep('reply', `${answer.status} ${JSON.stringify(answer.body)}`)
    return answer
  },
})

/** The reply, which has to have this code. */
export const expect = async (line: Line, path: string, members: Json, code: number): Promise<Json> => {
  const { body } = await line.call(path, members)
  if (body.code !== code)
    fail(`${path}: expected ${code}, got ${body.code} ${body.msg} ${body.info ?? ''}`.trim())
  return body
}

const appOf = ({ app, secret }: Options) => ({ appId: app, appSecret: secret })
const baseOf = ({ url }: Options) => url.replace(/\/+$/, '')

export const openJson = (options: Options): Line => print(jsonLine(baseOf(options), appOf(options)))

/** What the server signs key exchanges with. */
export const getServerKeys = async (options: Options): Promise<ServerKey[]> =>
  items(await get(`${baseOf(options)}/v1/server-keys`), 'keys').map((key) => ({
    id: text(key, 'serverKeyId'),
    publicKey: base64(text(key, 'publicKey')),
  }))

export const openSealed = async (
  options: Options,
  suite: Suite2 = 'AES-256-GCM',
): Promise<{ key: Key2; line: SealedLine }> => {
  const key = await exchange2(openJson(options), options.app, suite, await getServerKeys(options))
  return { key, line: sealedLine(baseOf(options), key) }
}

const forms: Record<string, (options: Options) => Promise<Line> | Line> = {
  json: openJson,
  totp: async (options) => {
    const device = await provision(baseOf(options), appOf(options))
    if (!device.secret) fail(`provisioning was refused: ${device.reply.code} ${device.reply.msg}`)
    return print(totpLine(baseOf(options), device))
  },
  sealed: async (options) => print((await openSealed(options)).line),
}

/** A line in the form that `--form` names. */
export const openLine = async (options: Options): Promise<Line> => {
  const open = Object.hasOwn(forms, options.form) ? forms[options.form] : undefined
  return open ? open(options) : fail(`--form: expected one of ${Object.keys(forms).join(', ')}`)
}

/** The members that stand for a password: bcrypt of its MD5, with the salt and cost that prelogin names. */
export const hashPassword = async (line: Line, login: string, password: string): Promise<Json> => {
  const { kdf, salt, cost } = await expect(line, '/v1/prelogin', { login }, 1_000_000)
  if (kdf !== 'md5-bcrypt') fail(`prelogin: unknown kdf ${kdf}`)
  const md5 = createHash('md5').update(password).digest('hex')
  const hashed = await hash(md5, `$2b$${String(cost).padStart(2, '0')}$${salt}`)
  return { salt, clientHash: hashed.slice(-31) }
}

/** Logs in with a name and a password, and gives the SKey. */
export const logIn = async (line: Line, login: string, password: string): Promise<string> => {
  const members = { login, ...(await hashPassword(line, login, password)) }
  return text(await expect(line, '/v1/login', members, 1_020_100), 'tickets', 'skey')
}
