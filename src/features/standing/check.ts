/** Whether a user may do something at present. */
import type { Clock } from '../../adapters/clock.ts'
import { Failure } from '../../protocol/errors.ts'
import type { Standing } from './api.ts'
import { findWithheld } from './repo.ts'

const seconds = (ms: number) => Math.floor(ms / 1_000)

export const createCheck =
  (clock: Pick<Clock, 'now'>): Standing['check'] =>
  async (db, userId, capability) => {
    const withheld = await findWithheld(db, { userId, capability, nowMs: clock.now() })
    if (!withheld) return
    const { withheldUntil, why } = withheld
    const members = { capability, why, ...(withheldUntil !== null && { until: seconds(withheldUntil) }) }
    throw new Failure('CAPABILITY_WITHHELD', { members })
  }
