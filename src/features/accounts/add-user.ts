/** An account that an administrator makes, under a user name and a password. */

import type { Db } from '../../adapters/db/index.ts'
import { Failure } from '../../protocol/errors.ts'
import type { RecordAudit } from '../audit/api.ts'
import type { RecordEvent } from '../events/api.ts'
import type { AdminWorld, World } from '../feature.ts'
import type { Users } from '../users/api.ts'
import { createInsertAccount } from './new-account.ts'
import { createNewVerifiers } from './new-verifiers.ts'
import { createPasswordParts } from './password-parts.ts'

export type AddUserNeeds = { users: Users; recordAudit: RecordAudit; recordEvent: RecordEvent }
export type Hashing = Pick<World, 'key' | 'passwordCosts' | 'hashPassword' | 'slowDown'>

export const createAddUser =
  (world: AdminWorld & { db: Db }, { users, recordAudit, recordEvent }: AddUserNeeds) =>
  (hashing: Hashing) => {
    const { db, random } = world
    const newVerifiers = createNewVerifiers({ ...createPasswordParts({ ...world, ...hashing }), random })
    const insert = createInsertAccount({ ...world, users })
    /** Throws ALREADY_REGISTERED, and what the rules of names refuse. */
    return async (typed: string, password: string): Promise<{ userId: number; userName: string }> => {
      const { userName, loginKey, skeleton } = users.checkUserName(typed)
      const input = { regmode: 'anonymous', user: { userName }, password }
      const { own, number } = await newVerifiers.createOf(input, loginKey)
      const insertAll = db.transaction(async (trx) => {
        const made = await insert(trx, { userName, nickName: userName, skeleton, verifiers: [own], number })
        await recordAudit(trx, { kind: 'account.added', userId: made.userId })
        await recordEvent(trx, { userId: made.userId, kind: 'user.registered' })
        return made
      })
      const { userId } = await insertAll.catch((error) => {
        throw db.isDuplicate(error) ? new Failure('ALREADY_REGISTERED') : error
      })
      return { userId, userName }
    }
  }
