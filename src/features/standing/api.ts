import type { Executor } from '../../adapters/db/index.ts'
import type { WithheldRow } from './tables.ts'

export type Withheld = Pick<WithheldRow, 'capability' | 'withheldUntil' | 'why'>

export type Standing = {
  /** Throws CAPABILITY_WITHHELD with the capability, `why`, and `until` if there is an end. One trip; give it the primary. */
  check(db: Executor, userId: number, capability: string): Promise<void>
}
