/** Writes a new account with everything that belongs to it and its first login, in one transaction. */

import type { Clock } from '../../adapters/clock.ts'
import type { Executor } from '../../adapters/db/index.ts'
import type { Random } from '../../adapters/random.ts'
import type { AppCaller } from '../../http/caller.ts'
import type { RecordEvent } from '../events/api.ts'
import type { BeginOptions, Tickets } from '../tickets/api.ts'
import type { Users } from '../users/api.ts'
import { numberKey } from './login-keys.ts'
import type { Secrets } from './new-verifiers.ts'
import { insertAccount, insertVerifiers, type LoginVerifier } from './repo.ts'

export type NewAccountNeeds = {
  clock: Clock
  random: Random
  users: Pick<Users, 'insert'>
  logins: Pick<Tickets, 'begin'>
  recordEvent: RecordEvent
}

export type NewAccount = {
  userName: string
  nickName: string
  /** What the name looks like, as text. */
  skeleton: string
  /** Of each login but the number, which is not known yet. */
  verifiers: readonly LoginVerifier[]
  number: Secrets
}

const tagBytes = 8

/** The account alone, without a login. */
export const createInsertAccount =
  ({ clock, random, users }: Omit<NewAccountNeeds, 'logins' | 'recordEvent'>) =>
  async (trx: Executor, { userName, nickName, skeleton, verifiers, number }: NewAccount) => {
    const nowMs = clock.now()
    const tag = random.bytes(tagBytes)
    const userId = await insertAccount(trx, { tag, nowMs })
    const ofNumber = { ...number, loginKey: numberKey(userId) }
    await insertVerifiers(trx, [...verifiers, ofNumber], { userId, nowMs })
    await users.insert(trx, { userId, userName, nickName, skeleton })
    return { userId, userName, nickName, tag, epoch: 1, deviceSlots: null }
  }

export const createInsertNewAccount = ({ logins, ...needs }: NewAccountNeeds) => {
  const insert = createInsertAccount(needs)
  return async function insertNewAccount(
    trx: Executor,
    made: NewAccount,
    caller: AppCaller,
    { device, proof }: Pick<BeginOptions, 'device' | 'proof'>,
  ) {
    const account = await insert(trx, made)
    const begun = await logins.begin(account, caller, { device, proof, trx })
    await needs.recordEvent(trx, {
      userId: account.userId,
      kind: 'user.registered',
      appId: caller.app.appId,
    })
    return { account, begun }
  }
}

export type InsertNewAccount = ReturnType<typeof createInsertNewAccount>
