/** Calls in the sealed envelope. No refusal that could be forged on the way leads to a weaker one. */
import { readUtf8, utf8 } from '../protocol/bytes.ts'
import { isSuccess } from '../protocol/errors.ts'
import { createSlots } from '../protocol/queue.ts'
import { openMessage, requestIdBytes, type SealedKeys, sealMessage } from '../protocol/sealed-envelope.ts'
import {
  checkDone,
  composeCall,
  createRid,
  isRepeatable,
  parseReply,
  type ReplyOf,
  type Send,
} from './call.ts'
import type { ClientClock } from './clock.ts'
import { ClientFailure, isFailure, toFailure } from './failure.ts'
import type { Keys } from './keys.ts'
import { type Answer, encodeForm, type Post } from './post.ts'
import { loadKeyPrimitives } from './primitives.ts'

/** The clock belongs to this envelope alone: only what the server sealed corrects it. */
export type SealedNeeds = { post: Post; keys: Keys; clock: ClientClock }

/** What may help a call that failed; each is tried once. */
type Cure = 'correct clock' | 'seal again' | 'replace key' | 'send again'
/** A call. When it is sent again, the server's replay guard knows it by its id and text. */
type SealedCall<Path> = {
  path: Path
  text: string
  rid: string
  requestId: Uint8Array
  waitMs: number | undefined
}
type TakenKey = { keys: SealedKeys; sequence: number }

/** Half of the window in which the server accepts sequence numbers out of their order. */
const maxInFlight = 32
/** Calls of this client that may wait for the others. */
const maxWaiting = 10_000
const nonceBytes = 12

const randomBytes = (length: number) => crypto.getRandomValues(new Uint8Array(length))

/** What the server says before it has opened an envelope: never a success, and never an answer to this call. */
const refusePlain = (path: string, { text, retryAfterSeconds }: Answer): never => {
  const reply = parseReply(path, text)
  if (isSuccess(reply.code)) throw new ClientFailure('REPLY_UNREADABLE')
  throw toFailure(reply, { retryAfterSeconds, isAnswer: false })
}

const createAttempt = ({ post, clock }: SealedNeeds) =>
  async function attempt<Path extends string>(
    { path, text, rid, requestId, waitMs }: SealedCall<Path>,
    { keys, sequence }: TakenKey,
  ): Promise<ReplyOf<Path>> {
    const { nobleKeyPrimitives: primitives } = await loadKeyPrimitives()
    const message = sealMessage(primitives, keys, 'client', {
      header: { timestampMs: clock.now(), sequence, requestId },
      path,
      plaintext: utf8(text),
      nonce: randomBytes(nonceBytes),
    })
    const form = encodeForm({ v: '2', t: keys.fingerprint, j: message.j })
    const answer = await post(path, 'form', form, waitMs)
    if (answer.text.startsWith('{')) return refusePlain(path, answer)
    const opened = openMessage(primitives, keys, 'server', {
      j: answer.text.trim(),
      path,
      requestTag: message.tag,
    })
    const plaintext = opened && readUtf8(opened.plaintext)
    if (plaintext === undefined) throw new ClientFailure('REPLY_UNREADABLE')
    const reply = parseReply(path, plaintext)
    const { retryAfterSeconds } = answer
    const done = checkDone(reply, { retryAfterSeconds, isAnswer: true })
    if (done.rid !== rid) throw new ClientFailure('REPLY_UNREADABLE')
    return done
  }

export const createSealedTransport = (needs: SealedNeeds): Send => {
  const { keys, clock } = needs
  const slots = createSlots({
    slots: maxInFlight,
    longest: maxWaiting,
    elapsedMs: () => performance.now(),
    // Each call has a time limit of its own.
    maxWaitMs: Number.POSITIVE_INFINITY,
    dropAfterMs: Number.POSITIVE_INFINITY,
    createRefusal: () => new ClientFailure('OVERLOADED'),
  })
  const attempt = createAttempt(needs)

  const findCure = (error: unknown, tried: ReadonlySet<Cure>, retry: boolean): Cure | undefined => {
    if (isFailure(error, 'UNREACHABLE', 'REPLY_UNREADABLE')) return retry ? 'send again' : undefined
    if (isFailure(error, 'CLOCK_OFF') && error.isAnswer) {
      return clock.correctByTm(error.members.tm) ? 'correct clock' : undefined
    }
    if (!isFailure(error, 'ENVELOPE_REFUSED') || error.isAnswer) return undefined
    // The server refuses a message that too many others overtook like one under an unknown key.
    return tried.has('seal again') ? 'replace key' : 'seal again'
  }

  return async function sendSealed(path, input, { retry = isRepeatable(path), waitMs } = {}) {
    const rid = createRid()
    const call = {
      path,
      rid,
      waitMs,
      text: composeCall(path, input, rid),
      requestId: randomBytes(requestIdBytes),
    }
    const tried = new Set<Cure>()
    for (;;) {
      let fingerprint = ''
      try {
        return await slots.run(async () => {
          const taken = await keys.take()
          fingerprint = taken.keys.fingerprint
          return attempt(call, taken)
        })
      } catch (error) {
        // A failure of a key exchange is no answer to this call.
        const cure = fingerprint ? findCure(error, tried, retry) : undefined
        if (cure === undefined || tried.has(cure)) throw error
        tried.add(cure)
        if (cure === 'replace key') await keys.replace(fingerprint)
      }
    }
  }
}
