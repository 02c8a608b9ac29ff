/**
 * The old client, one step at a time, each printed with the time: JSON, TOTP, MD5, XXTEA, base64, variant, request,
 * reply, and back. Built on otplib and xxtea-node; nothing here is the server's code.
 */
import { createHash } from 'node:crypto'
import { mkdir, readFile, writeFile } from 'node:fs/promises'
import { dirname } from 'node:path'
import { createGuardrails, generateSync } from 'otplib'
import xxtea from 'xxtea-node'

export type Print = (step: string, text: string) => void
export type Device = { totp_token: string; totp_secret: string }
export type Members = Record<string, unknown>

/** A wrong answer: its message is the one line that is shown. */
export class QaError extends Error {
  override readonly name = 'QaError'
}

export const fail = (message: string): never => {
  throw new QaError(message)
}

export const printStep: Print = (step, text) =>
  console.log(`${new Date().toISOString()}  ${step.padEnd(8)}  ${text}`)

/** Keeps a result, for this user of the machine alone. */
export const save = async (file: string, result: Members): Promise<void> => {
  await mkdir(dirname(file), { recursive: true })
  await writeFile(file, `${JSON.stringify(result, null, 2)}\n`, { mode: 0o600 })
  printStep('saved', file)
}

/** What gettotptoken saved. */
export const readDevice = async (file: string): Promise<Device> => {
  const { totp_token = '', totp_secret = '' } = await readFile(file, 'utf8')
    .then((text) => JSON.parse(text) as Partial<Device>)
    .catch(() => fail(`${file}: expected the file that gettotptoken saves`))
  if (!totp_token || !totp_secret) fail(`${file}: expected the file that gettotptoken saves`)
  return { totp_token, totp_secret }
}

const guardrails = createGuardrails({ MIN_SECRET_BYTES: 10 })

/** Six digits for a moment (unix seconds). */
export const codeAt = (secret: string, seconds: number): string =>
  generateSync({ secret, epoch: Math.floor(seconds), guardrails })

/** The code is hashed as a number: leading zeros are lost. */
const keyOf = (secret: string, code: string) =>
  createHash('md5')
    .update(secret + String(Number(code)))
    .digest('hex')

const toVariant = (base64: string) => base64.replaceAll('+', '-').replaceAll('/', '_').replaceAll('=', '')

const fromVariant = (variant: string) => {
  const base64 = variant.replaceAll('-', '+').replaceAll('_', '/')
  return base64.padEnd(Math.ceil(base64.length / 4) * 4, '=')
}

const nowSeconds = () => Date.now() / 1_000

const post = async (url: string, parameters: Record<string, string>) => {
  try {
    const reply = await fetch(url, { method: 'POST', body: new URLSearchParams(parameters) })
    return { status: reply.status, text: await reply.text() }
  } catch (error) {
    const { code, message } = ((error as Error).cause ?? error) as NodeJS.ErrnoException
    return fail(`${url} does not answer (${code ?? message})`)
  }
}

const parse = (text: string): Members => {
  try {
    return JSON.parse(text)
  } catch {
    return fail(`not JSON: ${text.slice(0, 200)}`)
  }
}

const describe = ({ code, msg, info }: Members) => [code, msg, info].filter(Boolean).join(' ')

export const createCore = ({ url, print = printStep }: { url: string; print?: Print }) => {
  const base = url.replace(/\/+$/, '')

  const seal = (device: Device, members: Members): string => {
    const json = JSON.stringify(members)
    print('JSON', json)
    const code = codeAt(device.totp_secret, nowSeconds())
    print('TOTP', code)
    const key = keyOf(device.totp_secret, code)
    print('MD5', key)
    const sealed = Buffer.from(xxtea.encrypt(json, key))
    print('XXTEA', sealed.toString('hex'))
    const base64 = sealed.toString('base64')
    print('base64', base64)
    const variant = toVariant(base64)
    print('variant', variant)
    return variant
  }

  const open = (device: Device, variant: string): string => {
    const base64 = fromVariant(variant)
    print('variant', `back to ${base64}`)
    const sealed = Buffer.from(base64, 'base64')
    print('base64', `back to ${sealed.toString('hex')}`)
    for (const seconds of [0, -30, 30]) {
      const code = codeAt(device.totp_secret, nowSeconds() + seconds)
      const key = keyOf(device.totp_secret, code)
      const opened = xxtea.decrypt(sealed, key)
      print('TOTP', code)
      print('MD5', key)
      if (!opened) continue
      const json = Buffer.from(opened).toString()
      print('XXTEA', `back to ${json}`)
      return json
    }
    return fail('no code of this minute opens the reply')
  }

  return {
    /** A new device of the app. */
    provision: async (appId: string, appSecret: string): Promise<Members & Device> => {
      const address = `${base}/v1/totp`
      print('request', `POST ${address} n=${appId}&s=${'*'.repeat(appSecret.length)}`)
      const { status, text } = await post(address, { n: appId, s: appSecret })
      const reply = parse(text)
      const { totp_secret: secret, totp_token: token } = reply
      print('reply', `${status} ${JSON.stringify({ ...reply, ...(secret ? { totp_secret: '…' } : {}) })}`)
      if (reply.code !== 1_000_000) fail(`provisioning was refused: ${describe(reply)}`)
      if (!/^[A-Z2-7]{32}$/.test(String(secret))) fail('totp_secret: expected 32 characters of base32')
      if (!/^[0-9a-f]{32}$/.test(String(token))) fail('totp_token: expected 32 characters of hex')
      return { ...reply, totp_secret: String(secret), totp_token: String(token) }
    },
    /** One call in the t/j envelope; a refusal comes back like a success. */
    call: async (device: Device, path: string, members: Members): Promise<Members> => {
      const j = seal(device, { apiver: 1, ...members })
      print('request', `POST ${base}${path} t=${device.totp_token}&j=${j}`)
      const { status, text } = await post(base + path, { t: device.totp_token, j })
      print('reply', `${status} ${text}`)
      if (text.startsWith('{')) return fail(`refused: ${describe(parse(text))}`)
      const reply = parse(open(device, text))
      print('JSON', JSON.stringify(reply))
      return reply
    },
  }
}
