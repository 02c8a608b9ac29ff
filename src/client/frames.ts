/** Hello and key exchange come in frames, a format of the old chat server. */
import { type FrameKind, readDecimal } from '../protocol/frame.ts'
import { isObject, type JsonObject } from '../protocol/json.ts'
import type { Members, Send } from './call.ts'
import { isFailure } from './failure.ts'

/** User and friend operations are for old clients: ours call the operations themselves. */
type OwnKind = Extract<FrameKind, 'hello' | 'keyEx'>
const msgTypes = { hello: 'hello', keyEx: 'keyExchange' } as const satisfies Record<OwnKind, string>

export const frameOf = (kind: OwnKind, tm: string, message: Members) => ({
  version: 1,
  tm,
  keyPrint: '0',
  msgType: msgTypes[kind],
  [kind]: message,
})

export type ReadFrame = {
  message: JsonObject
  tm: string
  /** A member of the message, '' unless it is a text. */
  text(name: string): string
}

/** Does not trust the shape of the reply: before the exchange ends, the server has not proven itself. */
export const readReplyFrame = (
  reply: { tm?: unknown; hello?: unknown; keyEx?: unknown },
  kind: OwnKind,
): ReadFrame => {
  const inner = reply[kind]
  const message = isObject(inner) ? inner : {}
  return {
    message,
    tm: readDecimal(reply.tm) ?? '',
    text: (name) => {
      const value = message[name]
      return typeof value === 'string' ? value : ''
    },
  }
}

/**
 * One stage of a key exchange and its reply. A stage may be sent twice in any envelope: each stage 1 begins an exchange
 * of its own, and the same stage 3 gets the same stage 4.
 */
export const sendStage = async (send: Send, tm: string, message: Members): Promise<ReadFrame> => {
  const call = () => send('/v1/key-exchange', frameOf('keyEx', tm, message), { retry: false })
  const reply = await call().catch((error) => {
    if (!isFailure(error, 'UNREACHABLE', 'REPLY_UNREADABLE')) throw error
    return call()
  })
  return readReplyFrame(reply, 'keyEx')
}
