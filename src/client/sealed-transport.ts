/** Calls in the sealed envelope. Nothing that anybody on the way could have answered leads to a weaker one. */
import { readUtf8, utf8 } from '../protocol/bytes.ts'
import { isSuccess } from '../protocol/errors.ts'
import { openMessage, requestIdBytes, type SealedKeys, sealMessage } from '../protocol/sealed-envelope.ts'
import type { ClientClock } from './clock.ts'
import { composeCall } from './compose.ts'
import { ClientFailure, isFailure, toFailure } from './failure.ts'
import type { Keys } from './keys.ts'
import { loadKeyPrimitives } from './load-key-primitives.ts'
import { createGate } from './lock.ts'
import { isRepeatable } from './operations.ts'
import type { Answer, Post } from './post.ts'
import { createRid, parseReply, type Reply, type Send } from './reply.ts'

/** The clock is this envelope's own: only what was sealed by the server puts it right. */
export type SealedNeeds = { post: Post; keys: Keys; clock: ClientClock }

/** What may help a call that failed; each is tried once. */
type Cure = 'correct clock' | 'seal again' | 'replace key' | 'send again'
/** A call: sent again it has the id and text by which the server's replay guard knows it. */
type SealedCall = { path: string; text: string; rid: string; requestId: Uint8Array }

/** Half of the window in which the server takes sequence numbers out of their order. */
const mostInFlight = 32
const nonceBytes = 12

const randomBytes = (length: number) => crypto.getRandomValues(new Uint8Array(length))

/** What the server says before it has opened an envelope: never a success, and never an answer to this call. */
const refusePlain = ({ text, retryAfterSeconds }: Answer): never => {
  const reply = parseReply(text)
  if (isSuccess(reply.code)) throw new ClientFailure('REPLY_UNREADABLE')
  throw toFailure(reply, { retryAfterSeconds, isAnswer: false })
}

export const createSealedTransport = ({ post, keys, clock }: SealedNeeds): Send => {
  const gate = createGate(mostInFlight)

  const attempt = async (call: SealedCall, taken: { keys: SealedKeys; sequence: number }): Promise<Reply> => {
    const { path, rid, requestId } = call
    const { nobleKeyPrimitives: primitives } = await loadKeyPrimitives()
    const message = sealMessage(primitives, taken.keys, 'client', {
      header: { timestampMs: clock.now(), sequence: taken.sequence, requestId },
      path,
      plaintext: utf8(call.text),
      nonce: randomBytes(nonceBytes),
    })
    const form = new URLSearchParams({ v: '2', t: taken.keys.fingerprint, j: message.j })
    const answer = await post(path, 'form', form.toString())
    if (answer.text.startsWith('{')) return refusePlain(answer)
    const { text, retryAfterSeconds } = answer
    const opened = openMessage(primitives, taken.keys, 'server', {
      j: text.trim(),
      path,
      requestTag: message.tag,
    })
    const plaintext = opened && readUtf8(opened.plaintext)
    if (plaintext === undefined) throw new ClientFailure('REPLY_UNREADABLE')
    const reply = parseReply(plaintext)
    if (!isSuccess(reply.code)) throw toFailure(reply, { retryAfterSeconds, isAnswer: true })
    if (reply.rid !== rid) throw new ClientFailure('REPLY_UNREADABLE')
    return reply
  }

  const findCure = (error: unknown, tried: ReadonlySet<Cure>, retry: boolean): Cure | undefined => {
    if (isFailure(error, 'UNREACHABLE', 'REPLY_UNREADABLE')) return retry ? 'send again' : undefined
    if (isFailure(error, 'CLOCK_OFF') && error.isAnswer) {
      return clock.correctByTm(error.members.tm) ? 'correct clock' : undefined
    }
    if (!isFailure(error, 'ENVELOPE_REFUSED') || error.isAnswer) return undefined
    // A message that was overtaken by too many others is refused like one under an unknown key.
    return tried.has('seal again') ? 'replace key' : 'seal again'
  }

  return async (path, members, { retry = isRepeatable(path) } = {}) => {
    const rid = createRid()
    const call = { path, rid, text: composeCall(path, members, rid), requestId: randomBytes(requestIdBytes) }
    const tried = new Set<Cure>()
    for (;;) {
      let fingerprint = ''
      try {
        return await gate(async () => {
          const taken = await keys.take()
          fingerprint = taken.keys.fingerprint
          return attempt(call, taken)
        })
      } catch (error) {
        // What an exchange of keys threw is no answer to this call.
        const cure = fingerprint ? findCure(error, tried, retry) : undefined
        if (cure === undefined || tried.has(cure)) throw error
        tried.add(cure)
        if (cure === 'replace key') await keys.replace(fingerprint)
      }
    }
  }
}
