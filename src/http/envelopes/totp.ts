/** `t` and `j`: XXTEA under a key of the device's TOTP secret and its code. */
import { isDeviceId, readEnvelope } from '../../protocol/envelope.ts'
import { strengths } from '../../protocol/strength.ts'
import { sealedReply } from '../reply.ts'
import {
  type Envelope,
  encryptionRequired,
  formValue,
  isExempt,
  readerOf,
  readMessage,
  refuse,
} from './envelope.ts'

const switchedOff = () => encryptionRequired('The t/j envelope is switched off here.')

export const totp: Envelope = {
  kind: 'totp',
  strength: strengths.totp,
  matches: (call) =>
    formValue(call, 't') !== undefined &&
    formValue(call, 'j') !== undefined &&
    formValue(call, 'v') === undefined,
  open: async (call, needs) => {
    const { request, caller, shape } = call
    const { transport, profile } = needs
    const isOn = transport.totp && profile !== 'strict'
    if (!isOn && !shape.frame) throw switchedOff()
    const t = formValue(call, 't') ?? ''
    if (!isDeviceId(t)) refuse('t malformed')
    const maxLength = request.body === undefined ? transport.maxGetBytes : transport.maxPostBytes
    const bytes = readEnvelope(formValue(call, 'j') ?? '', maxLength) ?? refuse('j malformed')
    const found = (await needs.openTotp(t, bytes, readerOf(shape))) ?? refuse('t unknown, or no key fits')
    const opened = await readMessage(found.text, shape, needs)
    if (!isOn && !isExempt(shape, opened.input)) throw switchedOff()
    caller.device = found.device
    caller.app = found.app
    caller.language = found.language ?? caller.language
    call.accept(sealedReply(found.seal))
    return { ...opened, bytes, text: typeof found.text === 'string' ? found.text : '' }
  },
}
