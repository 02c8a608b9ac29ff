import type { Executor } from '../../adapters/db/index.ts'

export type Identities = {
  /** Unlinks every identity of an account: no provider opens it any more. */
  removeOf(trx: Executor, userId: number): Promise<void>
}
