import type { Executor } from '../../adapters/db/index.ts'
import type { WithheldRow } from './tables.ts'

export type Withheld = Pick<WithheldRow, 'capability' | 'withheldUntil' | 'why'>
/** As a user or a backend is told; `until`: unix seconds, absent where it is for good. */
export type WithheldTold = { capability: string; until?: number }

export type Standing = {
  /** Throws CAPABILITY_WITHHELD with the capability, `why`, and `until` if there is an end. One trip; give it the primary. */
  check(db: Executor, userId: number, capability: string): Promise<void>
  /** All that is withheld from these users at present, by user; those from whom nothing is are absent. */
  find(db: Executor, userIds: readonly number[]): Promise<Map<number, Withheld[]>>
  /** The same as the users themselves and backends are told it. */
  findTold(db: Executor, userIds: readonly number[]): Promise<Map<number, WithheldTold[]>>
}

/** What an administrator withholds from a user. */
export type Withholding = {
  /** Undefined: the whole account. */
  capability?: string | undefined
  /** Milliseconds; null: for good. */
  until: number | null
  /** As the user is told. */
  reason: string
}
