/** Where requests come from, and how their replies are judged. */
import { nodePrimitives } from '../../src/adapters/crypto.ts'
import { openEnvelope, readEnvelope, sealEnvelope } from '../../src/protocol/envelope.ts'
import { loginSalt } from '../../src/protocol/password-kdf.ts'
import { deriveStepKeys, type StepKeys, stepAt } from '../../src/protocol/totp.ts'
import {
  createSampling,
  createTurn,
  type PlainRequest,
  postForm,
  type Shot,
  type Source,
  showReply,
  writeRequest,
} from './requests.ts'
import { createKeySource, type KeySourceSpec } from './sources-keys.ts'

export type Device = { t: string; secret: string }
export type SealedCall = {
  device: Device
  members: Record<string, unknown>
  /** Stands in the plaintext of a good reply. */
  expect: string
}

/** Requests made once, sent in turn; a good reply is a 200 with this text in it. */
type PlainSpec = { kind: 'plain'; requests: PlainRequest[]; expect: string }
type SealedSpec = {
  /**
   * `sealed`: one body for each call, sealed again when the step of its key is over. `sealed-once`: a request identity
   * in each, so that no two are equal: the replay guard answers none of them.
   */
  kind: 'sealed' | 'sealed-once'
  path: string
  code: number
  calls: SealedCall[]
}
/** `{n}` in the members is another number in each call. */
type NumberedSpec = {
  kind: 'numbered'
  path: string
  code: number
  devices: Device[]
  members: Record<string, string>
  expect: string
}
/** Another user in each; the salt is made here as prelogin would tell it. */
type RegisterSpec = { kind: 'register'; devices: Device[]; saltKey: string; prefix: string }

/** Plain data: it goes to another process. */
export type SourceSpec = PlainSpec | SealedSpec | NumberedSpec | RegisterSpec | KeySourceSpec

/** Replies have to be as long as those that were opened, give or take. */
const lengthSlack = 64
const brace = '{'.charCodeAt(0)
/** In the form of a client hash; the server never learns what was hashed. */
export const someClientHash = 'bench.bench.bench.bench.bench./'

export const createSource = (spec: SourceSpec): Source => {
  switch (spec.kind) {
    case 'plain':
      return createPlainSource(spec)
    case 'sealed':
      return createSealedSource(spec)
    case 'sealed-once':
      return createSealedOnceSource(spec)
    case 'numbered':
      return createNumberedSource(spec)
    case 'register':
      return createRegisterSource(spec)
    default:
      return createKeySource(spec)
  }
}

const createPlainSource = ({ requests, expect }: PlainSpec): Source => {
  const judge: Shot['judge'] = (status, body) =>
    status === 200 && body.includes(expect) ? undefined : showReply(status, body)
  return createTurn(requests.map((request) => ({ bytes: writeRequest(request), judge })))
}

const createSealedSource = ({ path, code, calls }: SealedSpec): Source => {
  const seal = createSealer(path, code)
  const turn = createTurn(calls.map((call) => ({ call, step: 0, shot: seal(call, 0) })))
  return () => {
    const kept = turn()
    const step = stepAt(Date.now())
    if (kept.step !== step) Object.assign(kept, { step, shot: seal(kept.call, step) })
    return kept.shot
  }
}

const createSealedOnceSource = ({ path, code, calls }: SealedSpec): Source => {
  const seal = createSealer(path, code)
  const turn = createTurn(calls)
  // Of this source alone: what an earlier one sent would be answered as a copy.
  const prefix = Date.now().toString(36)
  let count = 0
  return () => {
    const { device, members, expect } = turn()
    const rid = `${prefix}.${count++}`
    return seal({ device, members: { ...members, rid }, expect })
  }
}

const createNumberedSource = ({ path, code, devices, members, expect }: NumberedSpec): Source => {
  const seal = createSealer(path, code)
  const turn = createTurn(devices)
  const text = JSON.stringify(members)
  const prefix = Date.now().toString(36)
  let count = 0
  return () => {
    const numbered = text.replaceAll('{n}', `${prefix}x${count++}`)
    return seal({ device: turn(), members: JSON.parse(numbered) as Record<string, string>, expect })
  }
}

const createRegisterSource = ({ devices, saltKey, prefix }: RegisterSpec): Source => {
  const seal = createSealer('/v1/register', 1_020_000)
  const turn = createTurn(devices)
  const key = Buffer.from(saltKey, 'hex')
  let count = 0
  return () => {
    const userName = `${prefix}${(count++).toString(16)}`
    const salt = loginSalt(nodePrimitives, key, 'name', userName)
    const members = { regmode: 'anonymous', user: { userName }, clientHash: someClientHash, salt }
    return seal({ device: turn(), members, expect: userName })
  }
}

const createSealer = (path: string, code: number) => {
  const keysOf = createKeys()
  const isOpened = createSampling()
  let goodLength = 0
  const open = ({ device, expect }: SealedCall, body: Buffer): string | undefined => {
    const bytes = readEnvelope(body.toString('latin1'), body.length)
    const opened = bytes && openEnvelope(bytes, (step) => keysOf(device, step), stepAt(Date.now()))
    if (!opened) return 'a reply that cannot be opened'
    goodLength = Math.max(goodLength, body.length)
    const isGood = opened.text.startsWith(`{"code":${code},`) && opened.text.includes(expect)
    return isGood ? undefined : opened.text
  }
  return (call: SealedCall, step = stepAt(Date.now())): Shot => {
    const { device, members } = call
    const j = sealEnvelope(JSON.stringify({ apiver: 1, ...members }), keysOf(device, step).number)
    return {
      bytes: writeRequest(postForm(path, `t=${device.t}&j=${j}`)),
      judge: (status, body) => {
        if (status !== 200 || body[0] === brace) return showReply(status, body)
        const isShort = body.length < goodLength - lengthSlack
        return isOpened() || isShort ? open(call, body) : undefined
      },
    }
  }
}

const mostKeys = 1_000

const createKeys = () => {
  const known = new Map<string, StepKeys>()
  return ({ t, secret }: Device, step: number): StepKeys => {
    const name = `${t}.${step}`
    const keys = known.get(name) ?? deriveStepKeys(nodePrimitives, secret, step)
    if (known.size >= mostKeys) known.clear()
    return known.set(name, keys) && keys
  }
}
