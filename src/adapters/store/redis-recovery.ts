import { setTimeout as delay } from 'node:timers/promises'
import type { Recover } from './index.ts'
import type { createVerbs } from './redis-verbs.ts'

const graceKey = 'recovering'
/** Longer than the processes are apart in finding a server again: a try takes a second, with a pause of a quarter. */
const graceMs = 1_500
const pollMs = 25

/**
 * A server that restarted has lost what it kept, or has an old copy of it. Before this process uses it again
 * 1. what this process let pass goes back into the logs of the limits;
 * 2. `recover` closes what has ended since the copy was made;
 * 3. the other processes get the time to do the same: no process lets a call pass before.
 */
export function createRecovery({
  verbs,
  life,
  recover,
}: {
  verbs: ReturnType<typeof createVerbs>
  /** Of the server that was brought up to date last; '' where it has no run id. */
  life: { epoch: string }
  recover: Recover
}) {
  let isFirst = true

  return async (isCurrent: () => boolean) => {
    const epoch = await verbs.findEpoch()
    // The connection was lost, and nothing else.
    if (!isFirst && epoch !== '' && epoch === life.epoch) return
    if (isFirst) await verbs.restorePasses([{ key: 'check', windowMs: 1, times: [1] }])
    await verbs.restorePasses()
    await recover(verbs)
    if (!isFirst) await verbs.claim(graceKey, '', graceMs)
    while ((await verbs.get(graceKey)) !== undefined) await delay(pollMs)
    if (!isCurrent()) return
    isFirst = false
    life.epoch = epoch
  }
}
