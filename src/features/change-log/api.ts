import type { Executor } from '../../adapters/db/index.ts'

/** What is changed in the database while processes hold something that they made of it. */
export type ChangeKind =
  | 'apps'
  | 'bans'
  | 'businesses'
  | 'webhooks'
  | 'account'
  | 'login'
  | 'device'
  | 'words'
  | 'consent'
  | 'password-cost'

/** Part of the transaction of the change itself. */
export type RecordChange = (trx: Executor, kind: ChangeKind, subject: string) => Promise<void>

/** Drops or mends what this process made of the old rows. One that throws is called again. */
export type ChangeListener = {
  kind: ChangeKind
  /** An empty subject: any of them may have changed. */
  apply(subject: string): Promise<void>
  /** Reads all rows anew, so one call is enough for many changes. */
  isWhole?: true
  /** When changes may have been missed: one call for any subject, or one for each that has changed lately. */
  missed: 'any' | 'each'
}
