/** A body of JSON, or a frame of protobuf where the operation takes frames. */
import { strengths } from '../../protocol/strength.ts'
import { jsonReply } from '../reply.ts'
import type { Opened } from '../request.ts'
import {
  type Call,
  checkClear,
  type Envelope,
  type EnvelopeNeeds,
  readMessage,
  readObject,
  typeNotTaken,
} from './envelope.ts'

const read = ({ parameters, shape }: Call, needs: EnvelopeNeeds): Opened | Promise<Opened> => {
  if (parameters.kind === 'json') return readObject(parameters.object, shape)
  if (parameters.kind !== 'frame' || !shape.frame) throw typeNotTaken()
  return readMessage(parameters.bytes, shape, needs)
}

export const json: Envelope = {
  kind: 'json',
  strength: strengths.clear,
  matches: ({ parameters }) => parameters.kind !== 'form',
  open: async (call, needs) => {
    const opened = await read(call, needs)
    const { input } = opened
    checkClear(call, input, needs)
    call.accept(jsonReply)
    // Only a JSON body may have its ticket in a header: no envelope would protect a header.
    const bearer = /^Bearer ([\x21-\x7e]+)$/i.exec(call.request.headers.authorization ?? '')?.[1]
    if (input.token !== undefined || bearer === undefined) return opened
    return { ...opened, input: { ...input, token: bearer } }
  },
}
