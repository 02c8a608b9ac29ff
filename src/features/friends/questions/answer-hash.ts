/** What is kept of the answer to a question: slow to guess even for a thief of database and key. */
import type { Sealer, ServerCrypto } from '../../../adapters/crypto.ts'
import type { Random } from '../../../adapters/random.ts'
import { concatBytes, utf8 } from '../../../protocol/bytes.ts'

export type AnswerHashNeeds = {
  crypto: ServerCrypto
  random: Random
  sealer: Sealer
  /** scrypt 2^15/8/3; bounded: throws OVERLOADED. */
  slowDown(secret: Uint8Array, salt: Uint8Array): Promise<Uint8Array>
}

const saltBytes = 16
const placeOf = (userId: number) => `friend_settings.answer_sealed ${userId}`

/** People type an answer in different ways: case, width, blanks and punctuation make no difference. Of bounded length. */
export const canonicalAnswer = (typed: string): string => {
  const folded = typed.normalize('NFKC').toLowerCase().toUpperCase().toLowerCase().normalize('NFKC')
  const letters = folded.replace(/[\p{P}\p{Z}\p{C}]/gu, '')
  return letters === '' ? folded.trim() : letters
}

export const createAnswerHash = ({ crypto, random, sealer, slowDown }: AnswerHashNeeds) => ({
  seal: async (userId: number, answer: string): Promise<Buffer> => {
    const salt = random.bytes(saltBytes)
    const hash = await slowDown(utf8(canonicalAnswer(answer)), salt)
    return sealer.seal(placeOf(userId), concatBytes(salt, hash))
  },
  isRight: async (userId: number, sealed: Uint8Array, answer: string): Promise<boolean> => {
    const kept = sealer.open(placeOf(userId), sealed)
    const hash = await slowDown(utf8(canonicalAnswer(answer)), kept.subarray(0, saltBytes))
    return crypto.isEqual(hash, kept.subarray(saltBytes))
  },
})

export type AnswerHash = ReturnType<typeof createAnswerHash>
