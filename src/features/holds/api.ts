import type { Executor } from '../../adapters/db/index.ts'

/** Names and addresses of erased accounts. A key is a login key (`name:…`, `email:…`, `phone:…`) or the hash of a look. */
export type Holds = {
  /**
   * Holds all names and addresses of an account, before they are deleted in the same transaction. Does nothing without the
   * server key: they are free at once.
   */
  keep(trx: Executor, userId: number): Promise<void>
  /**
   * Throws ALREADY_REGISTERED, as for a name or an address that is taken. Called after the row of the key is written, which
   * has waited for an erasure that is under way.
   */
  check(trx: Executor, keys: readonly Buffer[]): Promise<void>
  isHeld(db: Executor, keys: readonly Buffer[]): Promise<boolean>
  /** For a former owner who takes an address back. */
  release(trx: Executor, key: Buffer): Promise<void>
}
