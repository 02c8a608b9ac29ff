/**
 * The search of a proof of work, in slices: the same in a Worker and in the thread of a page. It imports nothing that
 * loads more code later: by default Vite builds a worker into one file, and fails where it would need two.
 */
import { sha256 } from '@noble/hashes/sha2.js'
import { toHex, utf8 } from '../protocol/bytes.ts'

export type WorkJob = { challenge: string; salt: string; maxnumber: number }

const slice = 2_000

/** The number whose hash with the salt is the challenge; undefined: there is none. Tells how far it is, up to 1. */
export const findNumber = async (
  { challenge, salt, maxnumber }: WorkJob,
  tellProgress: (share: number) => void,
): Promise<number | undefined> => {
  for (let first = 0; first <= maxnumber; first += slice) {
    const end = Math.min(maxnumber, first + slice - 1)
    for (let number = first; number <= end; number++) {
      if (toHex(sha256(utf8(salt + number))) !== challenge) continue
      tellProgress(1)
      return number
    }
    tellProgress(end / maxnumber)
    await new Promise((resolve) => setTimeout(resolve))
  }
  return undefined
}
