/** A new account under a user name, with its first login. */
import type { Db } from '../../adapters/db/index.ts'
import type { AppCaller } from '../../http/caller.ts'
import { Failure } from '../../protocol/errors.ts'
import type { Captcha } from '../captcha/api.ts'
import type { Keys } from '../key-exchange/api.ts'
import type { PasswordQuality } from '../passwords/api.ts'
import type { Users } from '../users/api.ts'
import type { InsertNewAccount } from './new-account.ts'
import type { NewVerifiersService } from './new-verifiers.ts'
import { welcome } from './welcome.ts'
import type { RegisterInput, WelcomeReply } from './wire.ts'

export type RegisterNeeds = {
  db: Db
  users: Pick<Users, 'checkUserName' | 'checkNickName'>
  quality: PasswordQuality
  verifiers: Pick<NewVerifiersService, 'createOf'>
  insertNewAccount: InsertNewAccount
  keys: Pick<Keys, 'prove'>
  captcha: Pick<Captcha, 'checkCall'>
}

const nameTaken = () =>
  new Failure('ALREADY_REGISTERED', { cause: new Error('this name, or one that looks like it, is taken') })

export const createRegister = (needs: RegisterNeeds) => {
  const { db, users, quality, verifiers, insertNewAccount, keys, captcha } = needs

  return async function register(input: RegisterInput, caller: AppCaller): Promise<WelcomeReply> {
    // Before the proof, which is used up by being shown.
    await captcha.checkCall('register', input.captcha, caller)
    const proof = await keys.prove(input, caller)
    const { user = {} } = input
    if (user.userName === undefined) throw new Failure('PARAMETER_MISSING', { info: 'user.userName' })
    const { userName, loginKey, skeleton } = users.checkUserName(user.userName)
    const nickName = users.checkNickName(user.nickName ?? userName)
    if (input.password !== undefined) await quality.check(input.password, [userName, nickName])
    const { own, number } = await verifiers.createOf(input, loginKey)
    const made = { userName, nickName, skeleton, verifiers: [own], number }
    const insertAll = db.transaction((trx) =>
      insertNewAccount(trx, made, caller, { device: input.device, proof }),
    )
    const { account, begun } = await insertAll.catch((error) => {
      throw db.isDuplicate(error) ? nameTaken() : error
    })
    return welcome(account, await begun.finish())
  }
}
