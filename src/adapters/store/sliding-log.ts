/** When something passed, oldest first; what lies before `from` has left the window. */
export type SlidingLog = { times: number[]; from: number }

export const createSlidingLog = (): SlidingLog => ({ times: [], from: 0 })

/** Returns 0 and remembers `now` if fewer than `max` passed since `now - windowMs`, else the ms to wait. */
export function passLog(log: SlidingLog, now: number, windowMs: number, max: number) {
  const { times } = log
  const oldest = times[times.length - max]
  if (oldest !== undefined && oldest > now - windowMs) return oldest + windowMs - now
  times.push(now)
  while ((times[log.from] ?? now) <= now - windowMs) log.from++
  // Array.shift would move all others each time; half at once costs the same for any length.
  if (log.from * 2 > times.length) {
    times.splice(0, log.from)
    log.from = 0
  }
  return 0
}
