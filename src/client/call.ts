/** One call: its text, and the way from the text of a reply to its members or to the failure that it states. */
import { toBase64url } from '../protocol/bytes.ts'
import { catalogue, Failure, isSuccess } from '../protocol/errors.ts'
import { parseJsonObject } from '../protocol/json.ts'
import { ClientFailure, type FailureDetails, toFailure } from './failure.ts'
import { type OperationFacts, type Operations, operations } from './operations.ts'
import type { Answer, Post } from './post.ts'

export type Members = Record<string, unknown>

/** What every reply has beside the operation's own members; `timestamp` in unix seconds. */
export type ReplyBase = { code: number; msg: string; timestamp: number; rid?: string }

/** What an operation takes; a path that this client does not know takes anything. */
export type InputOf<Path extends string> = Path extends keyof Operations ? Operations[Path]['input'] : Members

/** What an operation answers. */
export type ReplyOf<Path extends string> = ReplyBase &
  (Path extends keyof Operations ? Operations[Path]['reply'] : Members)

export type SendOptions = {
  /** Send the call once more if no reply could be read. */
  retry?: boolean
  /** Keep a device that the server seems to have forgotten, and throw the refusal. */
  keepDevice?: boolean
  /** The server may take so much longer for its reply. */
  waitMs?: number
}

/** One call in whatever envelope: resolves with the members of a success, or throws ClientFailure. */
export type Send = <Path extends string>(
  path: Path,
  input: InputOf<Path>,
  options?: SendOptions,
) => Promise<ReplyOf<Path>>

const facts: Readonly<Record<string, OperationFacts | undefined>> = operations

/** An operation that this client knows changes nothing, or the server's replay guard runs it once for equal bytes. */
export const isRepeatable = (path: string): boolean => Object.hasOwn(operations, path)

/** Whether an SKey belongs into a call of this path; a path that this client does not know gets one. */
export const takesSKey = (path: string): boolean => {
  const { takesTicket = true, tiers = [] } = (isRepeatable(path) && facts[path]) || {}
  return takesTicket && (tiers.length === 0 || tiers.includes('skey'))
}

/** Names one call; its reply has to name it too. */
export const createRid = (): string => toBase64url(crypto.getRandomValues(new Uint8Array(12)))

/**
 * The text that an envelope is put around. The server refuses a bad one without saying why, so the server's own reader
 * checks it first. Throws PARAMETER_INVALID.
 */
export const composeCall = (path: string, input: object, rid: string): string => {
  const text = JSON.stringify({ apiver: 1, ...input, rid, op: path })
  try {
    parseJsonObject(text)
  } catch (error) {
    if (!(error instanceof Failure)) throw error
    const { cause } = error
    const info = cause instanceof Error ? cause.message : undefined
    throw new ClientFailure('PARAMETER_INVALID', { info, cause })
  }
  return text
}

/**
 * Takes the types of a reply from the path that it answers: the server serialises every reply by the shape from which
 * these types are made. The code alone is checked here.
 */
const isReplyOf = <Path extends string>(value: unknown, _: Path): value is ReplyOf<Path> =>
  typeof value === 'object' && value !== null && 'code' in value && typeof value.code === 'number'

/** The members of any reply, refusals too. Throws REPLY_UNREADABLE. */
export const parseReply = <Path extends string>(path: Path, text: string): ReplyOf<Path> => {
  let value: unknown
  try {
    value = JSON.parse(text)
  } catch (cause) {
    throw new ClientFailure('REPLY_UNREADABLE', { cause })
  }
  if (!isReplyOf(value, path)) throw new ClientFailure('REPLY_UNREADABLE')
  return value
}

/**
 * Throws the failure that a refusal stands for. `/v1/session` answers an ended ticket with a code that begins with 1; to
 * the caller that is a refusal too.
 */
export const checkDone = <Reply extends Members & { code: number }>(
  reply: Reply,
  details: Pick<FailureDetails, 'retryAfterSeconds' | 'isAnswer'>,
): Reply => {
  if (!isSuccess(reply.code) || reply.code === catalogue.TICKET_ENDED.code) throw toFailure(reply, details)
  return reply
}

/**
 * The members of the reply to the call `rid`. A refusal from before the envelope was opened can't name its call, so it
 * is accepted without a `rid`. A success never is: it could be another caller's, or an older one of ours sent again.
 */
export const readReply = <Path extends string>(
  path: Path,
  text: string,
  { rid, retryAfterSeconds }: { rid: string; retryAfterSeconds: number | undefined },
): ReplyOf<Path> => {
  const reply = parseReply(path, text)
  const isAnswer = reply.rid === rid
  if (!isAnswer && (reply.rid !== undefined || isSuccess(reply.code))) {
    throw new ClientFailure('REPLY_UNREADABLE')
  }
  return checkDone(reply, { retryAfterSeconds, isAnswer })
}

/** Calls as JSON bodies. Nothing is sealed and no replay guard watches them, so nothing is sent twice. */
export const createJsonTransport = ({
  post,
  appId,
  appSecret,
}: {
  post: Post
  appId: string
  appSecret: string | undefined
}): Send => {
  // A public app has no secret; the server knows it by its origin, which the browser sends.
  const app = appSecret === undefined ? { appid: appId } : { appid: appId, appsecret: appSecret }
  return async function sendJson(path, input, { waitMs } = {}) {
    const rid = createRid()
    const { text, retryAfterSeconds }: Answer = await post(
      path,
      'json',
      JSON.stringify({ apiver: 1, ...app, ...input, rid, op: path }),
      waitMs,
    )
    return readReply(path, text, { rid, retryAfterSeconds })
  }
}
