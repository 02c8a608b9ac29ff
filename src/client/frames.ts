/** Hello and key exchange come in frames, as the old chat server had them. */
import { type FrameKind, readDecimal } from '../protocol/frame.ts'
import { isObject, type JsonObject } from '../protocol/json.ts'
import { isFailure } from './failure.ts'
import { type Members, paths } from './operations.ts'
import type { Reply, Send } from './reply.ts'

const msgTypes = { hello: 'hello', keyEx: 'keyExchange' } as const satisfies Record<FrameKind, string>

export const frameOf = (kind: FrameKind, tm: string, message: Members): Members => ({
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

export const readReplyFrame = (reply: Reply, kind: FrameKind): ReadFrame => {
  const inner: unknown = reply[kind]
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
 * One stage of a key exchange and its reply. The same stage may be sent twice in any envelope: each stage 1 stands
 * alone, and the same stage 3 gets the same stage 4.
 */
export const sendStage = async (send: Send, tm: string, message: Members): Promise<ReadFrame> => {
  const call = () => send(paths.keyExchange, frameOf('keyEx', tm, message), { retry: false })
  const reply = await call().catch((error) => {
    if (!isFailure(error, 'UNREACHABLE', 'REPLY_UNREADABLE')) throw error
    return call()
  })
  return readReplyFrame(reply, 'keyEx')
}
