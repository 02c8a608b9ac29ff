/** Calls in the `totp` envelope, and what to do when one can't be opened or its reply doesn't arrive. */
import { fromBase64url } from '../protocol/bytes.ts'
import { openEnvelope, sealEnvelope } from '../protocol/envelope.ts'
import { deriveStepKeys } from '../protocol/totp.ts'
import { composeCall, createRid, isRepeatable, readReply, type Send } from './call.ts'
import type { ClientClock } from './clock.ts'
import type { Device, Devices } from './devices.ts'
import { ClientFailure, isFailure } from './failure.ts'
import { type Answer, encodeForm, type Post } from './post.ts'
import { noblePrimitives } from './primitives.ts'

export type TotpNeeds = {
  post: Post
  devices: Devices
  clock: ClientClock
  compensation: number
  /** Whether replies come over HTTPS or from loopback. */
  isProtected(): Promise<boolean>
}

type SealedCall = { device: Device; step: number; j: string }
/** What may help a call that failed; each is tried once. */
type Cure = 'correct clock' | 'seal again' | 'replace device' | 'send again'
type Failed = { sealed: SealedCall; tried: ReadonlySet<Cure>; retry: boolean; keepDevice: boolean }

const createEnvelopes = ({ clock, compensation }: TotpNeeds) => {
  const keysOf = (device: Device) => (step: number) =>
    deriveStepKeys(noblePrimitives, device.secret, step, compensation)
  return {
    seal: (device: Device, text: string): SealedCall => {
      const step = clock.step()
      return { device, step, j: sealEnvelope(text, keysOf(device)(step).number) }
    },
    /** The server's replay guard knows a copy by its bytes, which still open in the next step. */
    isUsable: (sealed: SealedCall, device: Device) =>
      sealed.device.t === device.t && clock.step() - sealed.step <= 1,
    /** The reply is sealed for the step of its request or a neighbour of it, whenever it arrives. */
    open: ({ text }: Answer, { device, step }: SealedCall): string => {
      // Plain JSON is a refusal from before the envelope was opened.
      if (text.startsWith('{')) return text
      const bytes = fromBase64url(text.trim())
      const opened = bytes && openEnvelope(bytes, keysOf(device), step)
      if (!opened) throw new ClientFailure('REPLY_UNREADABLE')
      return opened.text
    },
  }
}

export const createTotpTransport = (needs: TotpNeeds): Send => {
  const { post, devices, clock } = needs
  const { seal, isUsable, open } = createEnvelopes(needs)

  const findCure = async (error: unknown, failed: Failed): Promise<Cure | undefined> => {
    if (isFailure(error, 'UNREACHABLE', 'REPLY_UNREADABLE')) return failed.retry ? 'send again' : undefined
    if (!isFailure(error, 'ENVELOPE_REFUSED') || error.isAnswer) return undefined
    const isProtected = await needs.isProtected()
    if (clock.correct(error.members.timestamp, { isForgeable: !isProtected })) return 'correct clock'
    if (!failed.tried.has('seal again')) return 'seal again'
    // Provisioning sends the app's secret: never because of a refusal that could be forged, nor of a single one.
    const isForgotten = isProtected && devices.mayBeForgotten(failed.sealed.device.t)
    return isForgotten && !failed.keepDevice ? 'replace device' : undefined
  }

  return async function sendTotp(
    path,
    input,
    { retry = isRepeatable(path), keepDevice = false, waitMs } = {},
  ) {
    const rid = createRid()
    const text = composeCall(path, input, rid)
    const tried = new Set<Cure>()
    let sealed: SealedCall | undefined
    for (;;) {
      const device = await devices.get()
      sealed = sealed && isUsable(sealed, device) ? sealed : seal(device, text)
      try {
        const answer = await post(path, 'form', encodeForm({ t: device.t, j: sealed.j }), waitMs)
        const reply = readReply(path, open(answer, sealed), { ...answer, rid })
        devices.confirm(device.t)
        return reply
      } catch (error) {
        if (isFailure(error) && error.isAnswer) devices.confirm(device.t)
        const cure = await findCure(error, { sealed, tried, retry, keepDevice })
        if (cure === undefined || tried.has(cure)) throw error
        tried.add(cure)
        if (cure === 'replace device') await devices.replace(device.t)
        if (cure !== 'send again') sealed = undefined
      }
    }
  }
}
