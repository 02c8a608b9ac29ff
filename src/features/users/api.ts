import type { Executor } from '../../adapters/db/index.ts'
import type { Names, UserName } from './names.ts'

export type { Names, UserName } from './names.ts'

/** `skeleton`: what the name looks like, as text. */
export type NewUser = { userId: number; userName: string; nickName: string; skeleton: string }

/** A user as a list shows them. */
export type ShownUser = { userId: number; userName: string; nickName: string; icon?: string }

/** What others see of a person: names. Everything here works on the database alone. */
export type Users = Names & {
  /** Part of the transaction that makes the account. Throws ALREADY_REGISTERED for a name that is held; fails as a duplicate where it is taken. */
  insert(trx: Executor, user: NewUser): Promise<void>
  /** Whether a user name, or one that looks like it, is taken or held. */
  isTaken(db: Executor, name: UserName): Promise<boolean>
  /** Throws ALREADY_REGISTERED for a name that was an erased account's, once the user has it in this transaction. */
  checkHeld(trx: Executor, name: UserName): Promise<void>
  /** A name that no one chose: random, so that it tells nothing and is free. */
  drawUserName(): string
  /** The hash of what a name looks like, as it is kept. */
  hashLook(skeleton: string): Buffer
  /** From its user the present name is free for no other user until then (ms), though the user gives it up. */
  hold(trx: Executor, userId: number, heldUntil: number): Promise<void>
  /**
   * Names and icons for a list that `viewerId` sees, in one statement. Users who block the viewer, and those whose account
   * is not active, are not in the map.
   */
  findShown(db: Executor, viewerId: number, ids: readonly number[]): Promise<Map<number, ShownUser>>
}
