/** `v=2`, `t` and `j`: an AEAD under keys of the key exchange. */
import { concatBytes } from '../../protocol/bytes.ts'
import { isDeviceId } from '../../protocol/envelope.ts'
import { Failure } from '../../protocol/errors.ts'
import { strengths } from '../../protocol/strength.ts'
import { sealedReply } from '../reply.ts'
import { type Envelope, formValue, readerOf, readMessage, refuse } from './envelope.ts'

export const sealed: Envelope = {
  kind: 'sealed',
  strength: strengths.sealed,
  matches: (call) => formValue(call, 'j') !== undefined && formValue(call, 'v') === '2',
  open: async (call, needs) => {
    const { request, caller, shape } = call
    const [t, j] = [formValue(call, 't') ?? '', formValue(call, 'j') ?? '']
    if (request.method !== 'POST' || !request.body) refuse('sealed calls are posted')
    if (!isDeviceId(t) || j.length > needs.transport.maxPostBytes) refuse('t or j malformed')
    const found = (await needs.openSealed(t, j, shape.path)) ?? refuse('key unknown, or not sealed so')
    if (!found.isFresh) {
      call.accept(sealedReply(found.seal))
      throw new Failure('CLOCK_OFF', { members: { tm: String(needs.now()) } })
    }
    if (!(await found.claimSequence())) refuse('sequence number taken, or out of the window')
    caller.device = found.device
    caller.key = found.key
    caller.app = found.app
    caller.language = found.language ?? caller.language
    call.accept(sealedReply(found.seal))
    const text = readerOf(shape)(found.plaintext) ?? refuse('not UTF-8')
    const opened = await readMessage(text, shape, needs)
    // A retry has another sequence number and nonce, and the same request id and text.
    const bytes = concatBytes(found.requestId, found.plaintext)
    return { ...opened, bytes, text: typeof text === 'string' ? text : '' }
  },
}
