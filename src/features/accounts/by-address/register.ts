/**
 * Registering with an e-mail address or a phone: a code goes to the address, and the account is made when it is right.
 * Until then everything about it is in the flow, sealed: an address that is not verified belongs to no account.
 */
import type { Db } from '../../../adapters/db/index.ts'
import type { AppCaller } from '../../../http/caller.ts'
import { Failure } from '../../../protocol/errors.ts'
import type { Addresses, AddressKind } from '../../addresses/api.ts'
import type { Captcha } from '../../captcha/api.ts'
import type { Keys } from '../../key-exchange/api.ts'
import type { PasswordQuality } from '../../passwords/api.ts'
import type { Users } from '../../users/api.ts'
import type { Codes, VerifyInput } from '../../verification/api.ts'
import type { InsertNewAccount, NewAccount } from '../new-account.ts'
import type { NewVerifiersService } from '../new-verifiers.ts'
import { welcome } from '../welcome.ts'
import type { RegisteredReply, RegisterInput, WelcomeReply } from '../wire.ts'
import { readPending, writePending } from './pending.ts'

export type RegisterAddressNeeds = {
  db: Db
  users: Users
  verifiers: NewVerifiersService
  insertNewAccount: InsertNewAccount
  addresses: Pick<Addresses, 'parse' | 'checkAllowed' | 'findOwner' | 'insert'>
  codes: Pick<Codes, 'send' | 'consume'>
  keys: Pick<Keys, 'prove'>
  captcha: Pick<Captcha, 'checkCall'>
  quality: PasswordQuality
  passwordRequired: boolean
}

export const createRegisterAddress = (needs: RegisterAddressNeeds) => {
  const { db, users, verifiers, addresses, codes, keys, captcha } = needs

  const checkNames = async ({ userName: typed, nickName }: RegisterInput['user']) => {
    const name = users.checkUserName(typed ?? users.drawUserName())
    if (await users.isTaken(db.write, name)) {
      throw new Failure('ALREADY_REGISTERED', { info: 'user.userName' })
    }
    return { ...name, nickName: users.checkNickName(nickName ?? name.userName) }
  }

  const createVerifiers = async (input: RegisterInput, addressKey: Buffer, nameKey: Buffer) => {
    const { clientHash, password } = input
    const hasPassword = clientHash !== undefined || password !== undefined
    const { own, number } =
      hasPassword || needs.passwordRequired
        ? await verifiers.createOf(input, addressKey)
        : verifiers.createNone(addressKey)
    return { verifiers: [own, await verifiers.createFurther(input, own, nameKey)], number }
  }

  const begin = async (
    input: RegisterInput,
    kind: AddressKind,
    caller: AppCaller,
  ): Promise<RegisteredReply> => {
    await captcha.checkCall('register', input.captcha, caller)
    const typed = input.user[kind]
    if (typed === undefined) throw new Failure('PARAMETER_MISSING', { info: `user.${kind}` })
    const address = await addresses.parse(typed, kind)
    addresses.checkAllowed(address)
    const { loginKey, ...named } = await checkNames(input.user)
    const { userName, nickName } = named
    if (input.password !== undefined) {
      await needs.quality.check(input.password, [address.text, userName, nickName])
    }
    const account: NewAccount = { ...named, ...(await createVerifiers(input, address.key, loginKey)) }
    // The same work for an address that is in use; its owner gets a notice instead of a code.
    const owner = await addresses.findOwner(db.write, address)
    const { flow, resendSeconds, expiresSeconds } = await codes.send({
      purpose: 'register',
      address: owner?.address ?? address,
      caller,
      captcha: 'checked',
      asWhat: owner ? 'notice' : 'code',
      payload: writePending(account),
    })
    const status = 'waitcode'
    return { result: 'ok', status, params: { status }, flow, resendSeconds, expiresSeconds }
  }

  /** The account of a flow, once its code is right. */
  const finish = async (input: VerifyInput, caller: AppCaller): Promise<WelcomeReply> => {
    const proof = await keys.prove(input, caller)
    const { flow, code, device } = input
    const made = codes.consume({ flow, code, purpose: 'register', caller }, async (trx, found) => {
      const pending = readPending(found.payload)
      const inserted = await needs.insertNewAccount(trx, pending, caller, { device, proof })
      await addresses.insert(trx, inserted.account.userId, found.address)
      return inserted
    })
    // The caller has shown that the address is its own, so it may know that an account has it by now.
    const { account, begun } = await made.catch((error) => {
      throw db.isDuplicate(error) ? new Failure('ALREADY_REGISTERED', { cause: error }) : error
    })
    return welcome(account, await begun.finish())
  }

  return { begin, finish }
}
