/** When something passed, oldest first; what lies before `from` has left the window. */
export type SlidingLog = { times: number[]; from: number }

export const createSlidingLog = (): SlidingLog => ({ times: [], from: 0 })

/** Adds what passed at `at` and forgets what has left the window by then; any unit of time. */
export function recordPass(log: SlidingLog, at: number, window: number) {
  const { times } = log
  times.push(at)
  while ((times[log.from] ?? at) <= at - window) log.from++
  // Array.shift would move all others each time; half at once costs the same for any length.
  if (log.from * 2 > times.length) {
    times.splice(0, log.from)
    log.from = 0
  }
}

/** 0 if fewer than `max` passed since `now - windowMs`, else the ms to wait. */
export function waitOfLog(log: SlidingLog, now: number, windowMs: number, max: number) {
  const oldest = log.times[log.times.length - max]
  return oldest !== undefined && oldest > now - windowMs ? oldest + windowMs - now : 0
}
