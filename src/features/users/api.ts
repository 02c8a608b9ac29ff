import type { Executor } from '../../adapters/db/index.ts'
import type { Names, UserName } from './names.ts'

export type { Names, UserName } from './names.ts'

/** `skeleton`: what the name looks like, as text. */
export type NewUser = { userId: number; userName: string; nickName: string; skeleton: string }

/** What others see of a person: names. Everything here works on the database alone. */
export type Users = Names & {
  /** Part of the transaction that makes the account. Fails as a duplicate where the name is taken. */
  insert(trx: Executor, user: NewUser): Promise<void>
  /** Whether a user name, or one that looks like it, is taken. */
  isTaken(db: Executor, name: UserName): Promise<boolean>
  /** A name that no one chose: random, so that it tells nothing and is free. */
  drawUserName(): string
}
