/** Which passwords are refused: short ones, ones made of the user's own name, and ones that many people have. */
import type { ServerCrypto } from '../../adapters/crypto.ts'
import type { Leaked, PasswordLists } from '../../adapters/password-lists.ts'
import { Failure } from '../../protocol/errors.ts'
import { judgePassword, prefixLength } from '../../protocol/password-quality.ts'
import type { PasswordQuality } from './api.ts'

export type QualityNeeds = { crypto: Pick<ServerCrypto, 'sha1'>; lists: Pick<PasswordLists, 'findRange'> }

/** Searches of a file at once; a search is some twenty reads. */
const mostSearches = 32

export const createQuality = ({ crypto, lists }: QualityNeeds) => {
  let searches = 0

  /** Throws OVERLOADED. */
  const findRange = async (prefix: string): Promise<Leaked[]> => {
    if (searches >= mostSearches) throw new Failure('OVERLOADED', { retryAfterSeconds: 1 })
    searches++
    try {
      return await lists.findRange(prefix)
    } finally {
      searches--
    }
  }

  const isKnown = async (sum: string) => {
    const range = await findRange(sum.slice(0, prefixLength))
    return range.some(({ suffix }) => suffix === sum.slice(prefixLength))
  }

  const check: PasswordQuality['check'] = async (password, context) => {
    const judged = judgePassword(crypto, password, context)
    if ('fault' in judged) throw new Failure(judged.fault)
    for (const sum of judged.sums) if (await isKnown(sum)) throw new Failure('PASSWORD_COMMON')
  }

  return { check, findRange }
}

/** As Have I Been Pwned writes a range. */
export const printRange = (range: readonly Leaked[]): string[] =>
  range.map(({ suffix, count }) => `${suffix}:${Math.max(1, count)}`)
