/** Whether an account may be used: a time of being disabled that is over counts at once, without a job. */
import type { Clock } from '../../../adapters/clock.ts'
import type { Executor } from '../../../adapters/db/index.ts'
import { Failure } from '../../../protocol/errors.ts'
import { enableOver, type StatusRow } from './repo.ts'

export type AccountStanding = StatusRow & { userId: number }

const isOver = ({ status, disabledUntil }: StatusRow, nowMs: number) =>
  status === 'disabled' && disabledUntil !== null && disabledUntil <= nowMs

/** What the row says, with its time. */
export const statusNow = (row: StatusRow, nowMs: number): StatusRow['status'] =>
  isOver(row, nowMs) ? 'active' : row.status

/** Until when (unix seconds, absent without an end) and why, as the user of a disabled account is told. */
export const tellDisabled = ({ status, statusReason, disabledUntil }: StatusRow) =>
  status === 'disabled'
    ? { why: statusReason, ...(disabledUntil !== null && { until: Math.floor(disabledUntil / 1_000) }) }
    : {}

export type TellDisabled = typeof tellDisabled

export const createCheckActive =
  (clock: Pick<Clock, 'now'>) =>
  /** Throws ACCOUNT_DISABLED. Makes an account active whose time is over; only this costs a trip. */
  async (db: Executor, account: AccountStanding, info?: string): Promise<void> => {
    if (account.status === 'active') return
    if (isOver(account, clock.now()) && (await enableOver(db, account.userId, clock.now()))) return
    const members = { reason: account.status, ...tellDisabled(account) }
    throw new Failure('ACCOUNT_DISABLED', { members, ...(info !== undefined && { info }) })
  }

export type CheckActive = ReturnType<typeof createCheckActive>
