/** Calls in the `totp` envelope, and what to do when one can't be opened or its reply doesn't arrive. */
import { fromBase64url } from '../protocol/bytes.ts'
import { openEnvelope, sealEnvelope } from '../protocol/envelope.ts'
import { deriveStepKeys } from '../protocol/totp.ts'
import type { ClientClock } from './clock.ts'
import { composeCall } from './compose.ts'
import type { Device, Devices } from './devices.ts'
import { ClientFailure, isFailure } from './failure.ts'
import { isRepeatable } from './operations.ts'
import type { Answer, Post } from './post.ts'
import { noblePrimitives } from './primitives.ts'
import { createRid, readReply, type Send } from './reply.ts'

export type TotpNeeds = { post: Post; devices: Devices; clock: ClientClock; compensation: number }

type Sealed = { device: Device; step: number; j: string }
/** What may help a call that failed; each is tried once. */
type Cure = 'correct clock' | 'seal again' | 'replace device' | 'send again'

export const createTotpTransport = ({ post, devices, clock, compensation }: TotpNeeds): Send => {
  const keysOf = (device: Device) => (step: number) =>
    deriveStepKeys(noblePrimitives, device.secret, step, compensation)

  const seal = (device: Device, text: string): Sealed => {
    const step = clock.step()
    return { device, step, j: sealEnvelope(text, keysOf(device)(step).number) }
  }

  /** Equal bytes are what the server's replay guard knows a copy by; they open in the next step still. */
  const isUsable = (sealed: Sealed, device: Device) =>
    sealed.device.t === device.t && clock.step() - sealed.step <= 1

  /** The reply is sealed for the step of its request or a neighbour of it, whenever it arrives. */
  const open = ({ text }: Answer, { device, step }: Sealed): string => {
    // Plain JSON: refused before the envelope was opened.
    if (text.startsWith('{')) return text
    const bytes = fromBase64url(text.trim())
    const opened = bytes && openEnvelope(bytes, keysOf(device), step)
    if (!opened) throw new ClientFailure('REPLY_UNREADABLE')
    return opened.text
  }

  const findCure = (error: unknown, { device, step }: Sealed, retry: boolean): Cure | undefined => {
    if (isFailure(error, 'UNREACHABLE', 'REPLY_UNREADABLE')) return retry ? 'send again' : undefined
    if (!isFailure(error, 'ENVELOPE_REFUSED') || error.isAnswer) return undefined
    if (clock.correct(error.members.timestamp)) return 'correct clock'
    if (clock.step() !== step) return 'seal again'
    return devices.mayBeForgotten(device.t) ? 'replace device' : undefined
  }

  return async (path, members, { retry = isRepeatable(path), keepDevice = false } = {}) => {
    const rid = createRid()
    const text = composeCall(path, members, rid)
    const tried = new Set<Cure>()
    let sealed: Sealed | undefined
    for (;;) {
      const device = await devices.get()
      sealed = sealed && isUsable(sealed, device) ? sealed : seal(device, text)
      try {
        const answer = await post(path, 'form', new URLSearchParams({ t: device.t, j: sealed.j }).toString())
        const reply = readReply(open(answer, sealed), rid, answer)
        devices.confirm(device.t)
        return reply
      } catch (error) {
        if (isFailure(error) && error.isAnswer) devices.confirm(device.t)
        const cure = findCure(error, sealed, retry)
        const isKept = cure === 'replace device' && keepDevice
        if (cure === undefined || isKept || tried.has(cure)) throw error
        tried.add(cure)
        if (cure === 'replace device') await devices.replace(device.t)
        if (cure !== 'send again') sealed = undefined
      }
    }
  }
}
