/** Calls that prove the shared key: hello, login and register. With a key of version 2 the sealed call is the proof. */
import type { InputOf, ReplyOf, Send } from './call.ts'
import type { ClientClock } from './clock.ts'
import { type ProofKey, proveTm, type SealedKey } from './exchanges.ts'
import { ClientFailure, isFailure } from './failure.ts'
import { frameOf, readReplyFrame } from './frames.ts'
import type { Keys } from './keys.ts'

/** What a client may tell about itself in a hello. */
export type HelloFacts = {
  /** The language of the messages of all later replies to this device, such as `en` or `zh-CN`. */
  language?: string
  /** Two letters; may decide to which server a login is sent. */
  countryCode?: string
  platform?: string
  clientId?: string
  version?: string
}

type SharedKey = ProofKey | SealedKey
/** What may help a call on a key that was refused; each is tried once. */
type Cure = 'prove again' | 'replace key' | 'correct clock'

/** The members that prove a key of version 1 at the time `tm`. */
const proofOf = async (key: ProofKey, tm: string) => ({
  keyPrint: key.fingerprint,
  tm,
  checkTokenData: await proveTm(key, tm),
})

const helloOf = async (facts: HelloFacts, key: SharedKey | undefined, tm: string) => {
  const { language, countryCode, ...rest } = facts
  const checkTokenData = key?.version === 1 ? await proveTm(key, tm) : undefined
  const params = { Lang: language, CountryCode: countryCode, checkTokenData }
  const keyPrint = key?.fingerprint ?? '0'
  return frameOf('hello', tm, { ...rest, stage: 'clienthello', keyPrint, params })
}

export const createGreeter = ({ send, keys, clock }: { send: Send; keys: Keys; clock: ClientClock }) => {
  const findCure = (error: unknown, version: 1 | 2): Cure | undefined => {
    if (!isFailure(error) || !error.isAnswer) return undefined
    // The reply to the first proof was lost, and the server knew the copy.
    if (error.name === 'KX_CHECK_DATA') return 'prove again'
    if (error.name === 'KX_KEY_PRINT') return 'replace key'
    const isRight = version === 1 && error.name === 'CLOCK_OFF' && clock.correctByTm(error.members.tm)
    return isRight ? 'correct clock' : undefined
  }

  /** Calls on the key, if there is one; each try makes a proof of its own. */
  const callOnKey = async <Reply>(call: (key: SharedKey | undefined, tm: string) => Promise<Reply>) => {
    const tried = new Set<Cure>()
    for (;;) {
      const key = await keys.find()
      try {
        return await call(key, String(clock.now()))
      } catch (error) {
        const cure = key && findCure(error, key.version)
        if (!key || cure === undefined || tried.has(cure)) throw error
        tried.add(cure)
        if (cure === 'replace key') await keys.replace(key.fingerprint)
      }
    }
  }

  return {
    /** Adds the members that bind the new login to the key of version 1, if there is one. */
    sendWithProof: <
      Path extends '/v1/login' | '/v1/register' | '/v1/verify' | '/v1/password/change' | '/v1/password/reset',
    >(
      path: Path,
      input: InputOf<Path>,
    ): Promise<ReplyOf<Path>> =>
      callOnKey(async (key, tm) =>
        send(path, key?.version === 1 ? { ...input, ...(await proofOf(key, tm)) } : input),
      ),

    /** The reply, and its stage: `waitlogin`, `needlogin`, or `waitdata` with `user` and `tickets`. */
    hello: async (facts: HelloFacts = {}): Promise<{ reply: ReplyOf<'/v1/hello'>; stage: string }> => {
      const reply = await callOnKey(async (key, tm) => send('/v1/hello', await helloOf(facts, key, tm)))
      const stage = readReplyFrame(reply, 'hello').text('stage')
      if (stage === '') throw new ClientFailure('REPLY_UNREADABLE')
      return { reply, stage }
    },
  }
}
