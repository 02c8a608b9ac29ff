import type { Executor } from '../../adapters/db/index.ts'

export type Identities = {
  /** Names of the providers that open an account. */
  findNames(db: Executor, userId: number): Promise<string[]>
  /** Unlinks every identity of an account: no provider opens it any more. */
  removeOf(trx: Executor, userId: number): Promise<void>
}
