/** What the machine that runs the tests adds to every figure, and what a process takes of it. */
import { readFileSync } from 'node:fs'

export const quantile = (values: readonly number[], share: number): number => {
  const sorted = [...values].sort((a, b) => a - b)
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? 0
}

/** How late timers of this process are: what a call from here takes longer for no fault of the server. */
export const watchLateness = () => {
  const late: number[] = []
  let due = performance.now() + 10
  const timer = setInterval(() => {
    const now = performance.now()
    late.push(Math.max(0, now - due))
    due = now + 10
  }, 10)
  return {
    /** By how much all of them came too late, until now, that were more so than timers are. */
    sumMs: () => late.filter((ms) => ms > 2).reduce((sum, ms) => sum + ms, 0),
    /** Ends it; the time within which 99 % of the timers came. */
    end: () => {
      clearInterval(timer)
      return quantile(late, 0.99)
    },
  }
}

/** Resident memory in MB. */
export const readMemory = (pid: number | undefined): number =>
  Number(/^VmRSS:\s+(\d+) kB$/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1]) / 1_024
