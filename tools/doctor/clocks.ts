import { broken, type Finding, ok, warning } from './finding.ts'

/** Codes of devices are judged within half a minute. */
const brokenMs = 30_000
const warningMs = 1_000

/** How far another clock is ahead of this machine's. */
export const judgeClock = (subject: string, aheadMs: number): Finding => {
  const distance = Math.abs(aheadMs)
  const seconds = (distance / 1_000).toFixed(distance < 10_000 ? 2 : 0)
  const found = `${seconds} s ${aheadMs < 0 ? 'behind' : 'ahead of'} this machine's`
  if (distance < warningMs) return ok(subject, found)
  const advice = 'one of the two is wrong: let NTP set both (timedatectl, chronyc tracking)'
  if (distance < brokenMs) return warning(subject, found, advice)
  return broken(subject, found, `${advice}; if it is this one, no code of a device fits`)
}
