/** `j` without `t`: base64url JSON in the clear. */
import { fromBase64url } from '../../protocol/bytes.ts'
import { strengths } from '../../protocol/strength.ts'
import { plainReply } from '../reply.ts'
import { checkClear, type Envelope, formValue, readerOf, readMessage, refuse } from './envelope.ts'

export const plain: Envelope = {
  kind: 'plain',
  strength: strengths.clear,
  matches: (call) => formValue(call, 'j') !== undefined && formValue(call, 'v') === undefined,
  open: async (call, needs) => {
    const { request, shape } = call
    const { maxGetBytes, maxPostBytes } = needs.transport
    const j = formValue(call, 'j') ?? ''
    const maxLength = request.body === undefined ? maxGetBytes : maxPostBytes
    const bytes = j.length > maxLength ? undefined : fromBase64url(j)
    const text = readerOf(shape)(bytes ?? refuse('j malformed')) ?? refuse('j malformed')
    const opened = await readMessage(text, shape, needs)
    checkClear(call, opened.input, needs)
    call.accept(plainReply)
    return opened
  },
}
