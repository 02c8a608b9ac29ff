/** Saying hello, and proving the key of version 1 where a call asks for a proof; a sealed call is proof enough. */
import type { ClientClock } from './clock.ts'
import { ClientFailure, isFailure } from './failure.ts'
import { frameOf, readReplyFrame } from './frames.ts'
import type { Keys } from './keys.ts'
import { type Members, paths } from './operations.ts'
import { type ProofKey, proveTm } from './proof-exchange.ts'
import type { Reply, Send } from './reply.ts'
import type { SealedKey } from './sealed-exchange.ts'

/** What a client may say of itself when it says hello. */
export type HelloFacts = {
  /** Of the messages of all later replies to this device, such as `en` or `zh-CN`. */
  language?: string
  /** Two letters; may decide where a login is sent. */
  countryCode?: string
  platform?: string
  clientId?: string
  version?: string
}

/** What may help a call on a key that was refused; each is tried once. */
type Cure = 'prove again' | 'replace key' | 'correct clock'

export const createGreeter = ({ send, keys, clock }: { send: Send; keys: Keys; clock: ClientClock }) => {
  const findCure = (error: unknown, tm: string): Cure | undefined => {
    if (!isFailure(error) || !error.isAnswer) return undefined
    // Its reply was lost, and its copy was known.
    if (error.name === 'KX_CHECK_DATA') return 'prove again'
    if (error.name === 'KX_KEY_PRINT') return 'replace key'
    const isRight = error.name === 'CLOCK_OFF' && tm !== '' && clock.correctByTm(error.members.tm)
    return isRight ? 'correct clock' : undefined
  }

  /** Calls on the key, if there is one; each try has a proof of its own. */
  const onKey = async (call: (key: ProofKey | SealedKey | undefined, tm: string) => Promise<Reply>) => {
    const tried = new Set<Cure>()
    for (;;) {
      const key = await keys.find()
      const tm = String(clock.now())
      try {
        return await call(key, tm)
      } catch (error) {
        const cure = key && findCure(error, key.version === 1 ? tm : '')
        if (cure === undefined || tried.has(cure)) throw error
        tried.add(cure)
        if (cure === 'replace key') await keys.replace(key?.fingerprint ?? '')
      }
    }
  }

  const checkDataOf = async (key: ProofKey | SealedKey | undefined, tm: string) =>
    key?.version === 1 ? { checkTokenData: await proveTm(key, tm) } : {}

  return {
    /** Calls with the members that bind what is done to the key of version 1, if there is one. */
    withProof: (path: string, members: Members): Promise<Reply> =>
      onKey(async (key, tm) => {
        const checkData = await checkDataOf(key, tm)
        return send(path, {
          ...members,
          ...(key?.version === 1 && { keyPrint: key.fingerprint, tm, ...checkData }),
        })
      }),

    /** The reply, and the stage in it: `waitlogin`, `needlogin`, or `waitdata` with `user` and `tickets`. */
    hello: async (facts: HelloFacts = {}): Promise<{ reply: Reply; stage: string }> => {
      const { language, countryCode, ...rest } = facts
      const reply = await onKey(async (key, tm) => {
        const params = {
          ...(language !== undefined && { Lang: language }),
          ...(countryCode !== undefined && { CountryCode: countryCode }),
          ...(await checkDataOf(key, tm)),
        }
        const keyPrint = key?.fingerprint ?? '0'
        return send(paths.hello, frameOf('hello', tm, { ...rest, stage: 'clienthello', keyPrint, params }))
      })
      const stage = readReplyFrame(reply, 'hello').text('stage')
      if (stage === '') throw new ClientFailure('REPLY_UNREADABLE')
      return { reply, stage }
    },
  }
}

export type Greeter = ReturnType<typeof createGreeter>
