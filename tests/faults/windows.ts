/** What a limit promises: at most so many in any window, as far as one can tell from outside. */
import type { Entry } from './history.ts'

/**
 * The most calls that lie in one window for certain: the first was sent, and the last answered, within it. When a call
 * passed in between, only the server knows.
 */
export const mostInWindow = (entries: readonly Entry[], windowMs: number): number => {
  const calls = entries
    .map(({ time, tookMs }) => ({ sent: time, answered: time + tookMs }))
    .sort((a, b) => a.sent - b.sent)
  let most = 0
  for (const [place, first] of calls.entries()) {
    const until = first.sent + windowMs
    let count = 0
    for (let next = place; next < calls.length && (calls[next]?.sent ?? until) < until; next++)
      if ((calls[next]?.answered ?? until) < until) count++
    most = Math.max(most, count)
  }
  return most
}
