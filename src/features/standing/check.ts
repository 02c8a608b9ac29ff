/** Whether a user may do something at present. */
import type { Clock } from '../../adapters/clock.ts'
import { Failure } from '../../protocol/errors.ts'
import type { Standing, Withheld, WithheldTold } from './api.ts'
import { findWithheld } from './repo.ts'

const seconds = (ms: number) => Math.floor(ms / 1_000)

export const tellWithheld = ({ capability, withheldUntil }: Withheld): WithheldTold => ({
  capability,
  ...(withheldUntil !== null && { until: seconds(withheldUntil) }),
})

export const createCheck =
  (clock: Pick<Clock, 'now'>): Standing['check'] =>
  async (db, userId, capability) => {
    const withheld = await findWithheld(db, { userId, capability, nowMs: clock.now() })
    if (!withheld) return
    throw new Failure('CAPABILITY_WITHHELD', { members: { ...tellWithheld(withheld), why: withheld.why } })
  }
