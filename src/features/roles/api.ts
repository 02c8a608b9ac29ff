import type { Executor } from '../../adapters/db/index.ts'
import type { RoleRight } from '../../protocol/roles.ts'
import type { RoleGrantRow } from './tables.ts'

/** A user by a ticket: a role may count in one app only. */
export type Acting = { userId: number; appId: string }
export type Grant = Pick<RoleGrantRow, 'role' | 'appId'>

export type Roles = {
  /** Throws ROLE_NEEDED. One trip; give it the primary, so that a revoked role counts at once. */
  check(db: Executor, acting: Acting, right: RoleRight): Promise<void>
  has(db: Executor, acting: Acting, right: RoleRight): Promise<boolean>
  /** Whether a role of the user, in whichever app, has a right here. */
  isStaff(db: Executor, userId: number): Promise<boolean>
  /** Everything that a user holds. */
  findOf(db: Executor, userId: number): Promise<Grant[]>
  /** The names of the roles that count for each of them, in their order. One trip. */
  findNames(db: Executor, actings: readonly Acting[]): Promise<string[][]>
}
