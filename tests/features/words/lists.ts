/** What the tests of the word filter share. */
import { compileFilter, type FilterOptions, type Lists } from '../../../src/features/words/filter.ts'

export const options: FilterOptions = {
  wildcard: '&',
  ignored: '',
  foldNumbers: true,
  foldMarks: true,
  mask: '*',
  maxGap: 5,
  skeletonOf: (text) => text.normalize('NFKC').toLowerCase().replaceAll('0', 'o'),
}

/** Runs a generator to its end. */
export const finish = <T>(work: Generator<void, T>): T => {
  for (;;) {
    const { done, value } = work.next()
    if (done) return value
  }
}

export const createFilter = (lists: Partial<Lists>, more: Partial<FilterOptions> = {}) =>
  finish(compileFilter({ deny: [], allow: [], exact: [], reserved: [], ...lists }, { ...options, ...more }))

/** A pseudo-random sequence, so that a failure can be seen again. */
export const createRandom = (seed: number) => () => {
  seed = (seed + 0x6d2b79f5) | 0
  let z = Math.imul(seed ^ (seed >>> 15), 1 | seed)
  z = (z + Math.imul(z ^ (z >>> 7), 61 | z)) ^ z
  return ((z ^ (z >>> 14)) >>> 0) / 4_294_967_296
}
