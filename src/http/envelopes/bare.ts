/** Parameters as they are, without an envelope: for provisioning and public facts. */
import { strengths } from '../../protocol/strength.ts'
import { jsonReply } from '../reply.ts'
import { type Envelope, typeNotTaken } from './envelope.ts'

export const bare: Envelope = {
  kind: 'bare',
  strength: strengths.clear,
  matches: ({ shape }) => shape.bare === true,
  open: ({ request, parameters, shape, accept }, { checkPrivate }) => {
    if (parameters.kind === 'frame') throw typeNotTaken()
    if (!shape.isOpenToAll) checkPrivate(request)
    accept(jsonReply)
    return { input: parameters.kind === 'form' ? Object.fromEntries(parameters.values) : parameters.object }
  },
}
