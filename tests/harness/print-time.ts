import type { Test } from 'tap'

/**
 * Prints a time that depends on the machine. Speed is judged by the benchmark, so this fails only when something hangs.
 */
export const printTime = (t: Test, what: string, ms: number, hangsAfterMs = 30_000) => {
  t.comment(`${what} after ${Math.round(ms)} ms`)
  t.ok(ms < hangsAfterMs, `${what} within ${hangsAfterMs / 1_000} s (${Math.round(ms)} ms)`)
}
