/** From the text of a reply to its members, or to the failure that it says. */
import { toBase64url } from '../protocol/bytes.ts'
import { isSuccess } from '../protocol/errors.ts'
import { ClientFailure, toFailure } from './failure.ts'
import type { Members } from './operations.ts'
import type { Answer } from './post.ts'

export type Reply = Members & { code: number }
export type SendOptions = {
  /** Once more if no reply could be read. */
  retry?: boolean
  /** A device that the server seems to have forgotten stays, and the call is refused. */
  keepDevice?: boolean
}
/** One call in whatever envelope: the members of a success, or throws ClientFailure. */
export type Send = (path: string, members: Members, options?: SendOptions) => Promise<Reply>

/** Names one call; its reply has to name it too. */
export const createRid = () => toBase64url(crypto.getRandomValues(new Uint8Array(12)))

export const parseReply = (text: string): Reply => {
  let value: unknown
  try {
    value = JSON.parse(text)
  } catch (cause) {
    throw new ClientFailure('REPLY_UNREADABLE', { cause })
  }
  const members = value as Reply | null
  if (typeof members !== 'object' || typeof members?.code !== 'number') {
    throw new ClientFailure('REPLY_UNREADABLE')
  }
  return members
}

/**
 * The members of a reply to the call `rid`. A refusal from before the envelope was opened can't name its call, so it
 * is taken without; a success never is: it would be anybody's, or an older one of ours coming back.
 */
export const readReply = (text: string, rid: string, { retryAfterSeconds }: Answer): Reply => {
  const reply = parseReply(text)
  const isAnswer = reply.rid === rid
  if (!isAnswer && (reply.rid !== undefined || isSuccess(reply.code))) {
    throw new ClientFailure('REPLY_UNREADABLE')
  }
  if (!isSuccess(reply.code)) throw toFailure(reply, { retryAfterSeconds, isAnswer })
  return reply
}
