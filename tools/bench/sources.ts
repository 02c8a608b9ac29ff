/** Where requests come from, and how their replies are judged. */
import { nodePrimitives } from '../../src/adapters/crypto.ts'
import { readUtf8 } from '../../src/protocol/bytes.ts'
import { openEnvelope, readEnvelope, sealEnvelope } from '../../src/protocol/envelope.ts'
import { loginSalt } from '../../src/protocol/password-kdf.ts'
import { deriveStepKeys, type StepKeys, stepAt } from '../../src/protocol/totp.ts'
import type { PlainRequest } from './requests.ts'
import { createKeySource, type KeySourceSpec } from './sources-keys.ts'
import { createTurn, type Shot, type Source } from './turn.ts'

export type Device = { t: string; secret: string }
export type SealedCall = {
  device: Device
  members: Record<string, unknown>
  /** Stands in the plaintext of a good reply. */
  expect: string
}

/** Another user in each; the salt is made here as prelogin would tell it. */
type TotpRegister = { kind: 'register'; devices: Device[]; saltKey: string; prefix: string }
type TotpSpec = Extract<SourceSpec, { kind: 'sealed' | 'sealed-once' | 'register' }>

/** What can be said to another process. */
export type SourceSpec =
  /** Requests made once, sent in turn; a good reply is a 200 with this text in it. */
  | { kind: 'plain'; requests: PlainRequest[]; expect: string }
  /** One body for each call, sealed again when the step of its key is over. */
  | { kind: 'sealed'; path: string; code: number; calls: SealedCall[] }
  /** A request identity in each, so that no two are equal: the replay guard answers none of them. */
  | { kind: 'sealed-once'; path: string; code: number; calls: SealedCall[] }
  | TotpRegister
  | KeySourceSpec

/** Every 32nd sealed reply is opened; the others have to be sealed, and as long as those. */
const openedEach = 32
const lengthSlack = 64
const brace = '{'.charCodeAt(0)
const shown = 200
/** In the form of a client hash; the server never learns what was hashed. */
export const someClientHash = 'bench.bench.bench.bench.bench./'

export const createSource = (spec: SourceSpec): Source => {
  if (spec.kind === 'plain') return createPlainSource(spec)
  return isTotp(spec) ? createSealedSource(spec) : createKeySource(spec, writeRequest)
}

const isTotp = (spec: Exclude<SourceSpec, { kind: 'plain' }>): spec is TotpSpec =>
  spec.kind === 'sealed' || spec.kind === 'sealed-once' || spec.kind === 'register'

export const writeRequest = ({ method, path, headers, body }: PlainRequest): Buffer => {
  const lines = Object.entries({ host: '127.0.0.1', ...headers }).map(
    ([name, value]) => `${name}: ${value}\r\n`,
  )
  const length = method === 'POST' ? `content-length: ${Buffer.byteLength(body)}\r\n` : ''
  return Buffer.from(`${method} ${path} HTTP/1.1\r\n${lines.join('')}${length}\r\n${body}`)
}

const createPlainSource = ({ requests, expect }: Extract<SourceSpec, { kind: 'plain' }>): Source => {
  const shots = requests.map((request) => ({ bytes: writeRequest(request) }))
  const turn = createTurn(shots)
  return {
    next: turn,
    judge: (_shot, status, body) =>
      status === 200 && body.includes(expect) ? undefined : `${status} ${body.toString('utf8', 0, shown)}`,
  }
}

const formHeaders = { 'content-type': 'application/x-www-form-urlencoded' }

const createSealedSource = (spec: TotpSpec): Source => {
  const keysOf = createKeys()
  const path = spec.kind === 'register' ? '/v1/register' : spec.path
  const code = spec.kind === 'register' ? 1_020_000 : spec.code

  const seal = ({ device, members }: SealedCall, step: number): Buffer => {
    const j = sealEnvelope(JSON.stringify({ apiver: 1, ...members }), keysOf(device, step).number)
    return writeRequest({ method: 'POST', path, headers: formHeaders, body: `t=${device.t}&j=${j}` })
  }
  const next = nextOf(spec, seal)

  let answered = 0
  let goodLength = 0
  const judgeSealed = ({ device, expect }: SealedCall, body: Buffer): string | undefined => {
    const bytes = readEnvelope(body.toString('latin1'), body.length)
    const opened = bytes && openEnvelope(bytes, (step) => keysOf(device, step), stepAt(Date.now()))
    if (!opened) return 'a reply that cannot be opened'
    goodLength = Math.max(goodLength, body.length)
    return opened.text.startsWith(`{"code":${code},`) && opened.text.includes(expect)
      ? undefined
      : opened.text
  }
  return {
    next,
    judge: ({ call }, status, body) => {
      if (status !== 200 || body[0] === brace) return `${status} ${readUtf8(body)?.slice(0, shown)}`
      const isShort = body.length < goodLength - lengthSlack
      return call && (answered++ % openedEach === 0 || isShort) ? judgeSealed(call, body) : undefined
    },
  }
}

type Seal = (call: SealedCall, step: number) => Buffer

const nextOf = (spec: TotpSpec, seal: Seal): (() => Shot) => {
  let count = 0
  if (spec.kind === 'register') {
    const turn = createTurn(spec.devices)
    const saltKey = Buffer.from(spec.saltKey, 'hex')
    return () => {
      const userName = `${spec.prefix}${(count++).toString(16)}`
      const salt = loginSalt(nodePrimitives, saltKey, 'name', userName)
      const members = { regmode: 'anonymous', user: { userName }, clientHash: someClientHash, salt }
      const call = { device: turn(), members, expect: userName }
      return { bytes: seal(call, stepAt(Date.now())), call }
    }
  }
  if (spec.kind === 'sealed-once') {
    const turn = createTurn(spec.calls)
    // Of this source alone: what an earlier one sent would be answered as a copy.
    const prefix = Date.now().toString(36)
    return () => {
      const call = turn()
      const members = { ...call.members, rid: `${prefix}.${count++}` }
      return { bytes: seal({ ...call, members }, stepAt(Date.now())), call }
    }
  }
  const turn = createTurn(spec.calls.map((call) => ({ call, step: 0, bytes: Buffer.alloc(0) })))
  return () => {
    const shot = turn()
    const step = stepAt(Date.now())
    if (shot.step !== step) Object.assign(shot, { step, bytes: seal(shot.call, step) })
    return shot
  }
}

/** Keys of devices, of the last steps only. */
const createKeys = () => {
  const known = new Map<string, Map<number, StepKeys>>()
  return ({ t, secret }: Device, step: number): StepKeys => {
    const keys = known.get(t) ?? new Map<number, StepKeys>()
    known.set(t, keys)
    const found = keys.get(step)
    if (found) return found
    for (const old of keys.keys()) if (Math.abs(old - step) > 2) keys.delete(old)
    const fresh = deriveStepKeys(nodePrimitives, secret, step)
    keys.set(step, fresh)
    return fresh
  }
}
