/** A new account without a password, for a person whom a provider vouches for. */
import type { Executor } from '../../adapters/db/index.ts'
import type { AppCaller } from '../../http/caller.ts'
import { Failure } from '../../protocol/errors.ts'
import type { Address, Addresses } from '../addresses/api.ts'
import type { BeginOptions } from '../tickets/api.ts'
import type { Users } from '../users/api.ts'
import type { InsertNewAccount } from './new-account.ts'
import type { NewVerifiersService } from './new-verifiers.ts'
import type { Opened } from './opening.ts'

export type RegisterProvenNeeds = {
  users: Pick<Users, 'checkUserName' | 'checkNickName' | 'drawUserName'>
  verifiers: Pick<NewVerifiersService, 'createNone'>
  insertNewAccount: InsertNewAccount
  addresses: Pick<Addresses, 'insert'>
}

export type ProvenPerson = {
  /** What to call the user, if that can be a nickname. */
  nickName: string | undefined
  /** Verified; no other account has it. */
  address: Address | undefined
}

export const createRegisterProven = (needs: RegisterProvenNeeds) => {
  const { users, verifiers, addresses } = needs

  const chooseNickName = (typed: string, otherwise: string): string => {
    try {
      return users.checkNickName(typed)
    } catch (error) {
      if (error instanceof Failure) return otherwise
      throw error
    }
  }

  /** The user name is drawn: a provider's users must not choose names here that others know as their own. */
  return async function registerProven(
    trx: Executor,
    { nickName: typed = '', address }: ProvenPerson,
    caller: AppCaller,
    options: Pick<BeginOptions, 'device' | 'proof'>,
  ): Promise<Opened> {
    const { userName, loginKey, skeleton } = users.checkUserName(users.drawUserName())
    const nickName = chooseNickName(typed, userName)
    const { own, number } = verifiers.createNone(loginKey)
    const ofAddress = address ? [verifiers.createNone(address.key).own] : []
    const made = { userName, nickName, skeleton, verifiers: [own, ...ofAddress], number }
    const { account, begun } = await needs.insertNewAccount(trx, made, caller, options)
    if (address) await addresses.insert(trx, account.userId, address)
    return { account, begun, proof: options.proof }
  }
}

export type RegisterProven = ReturnType<typeof createRegisterProven>
