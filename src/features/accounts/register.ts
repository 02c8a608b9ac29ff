/** A new account with its first login. */
import type { Clock } from '../../adapters/clock.ts'
import type { ServerCrypto } from '../../adapters/crypto.ts'
import type { Db } from '../../adapters/db/index.ts'
import type { Random } from '../../adapters/random.ts'
import type { AppCaller } from '../../http/caller.ts'
import { utf8 } from '../../protocol/bytes.ts'
import { Failure } from '../../protocol/errors.ts'
import type { Captcha } from '../captcha/api.ts'
import type { Keys } from '../key-exchange/api.ts'
import type { PasswordQuality } from '../passwords/api.ts'
import type { Tickets } from '../tickets/api.ts'
import { loginKeyOf, type Names, numberKey } from './names.ts'
import type { NewVerifiers } from './new-verifiers.ts'
import { insertAccount, insertUser, insertVerifiers } from './repo.ts'
import { welcome } from './welcome.ts'
import type { RegisterInput, WelcomeReply } from './wire.ts'

export type RegisterNeeds = {
  db: Db
  clock: Clock
  random: Random
  crypto: ServerCrypto
  names: Names
  quality: PasswordQuality
  createVerifiers(input: RegisterInput, loginKey: Buffer): Promise<NewVerifiers>
  logins: Pick<Tickets, 'begin'>
  keys: Pick<Keys, 'prove'>
  captcha: Pick<Captcha, 'checkCall'>
}

const tagBytes = 8

const nameTaken = () =>
  new Failure('ALREADY_REGISTERED', { cause: new Error('this name, or one that looks like it, is taken') })

export const createRegister = (needs: RegisterNeeds) => {
  const { db, clock, random, crypto, names, quality, createVerifiers, logins, keys, captcha } = needs

  return async function register(input: RegisterInput, caller: AppCaller): Promise<WelcomeReply> {
    // Before the proof, which is used up by being shown.
    await captcha.checkCall('register', input.captcha, caller)
    const proof = await keys.prove(input, caller)
    if (input.regmode !== 'anonymous') throw new Failure('REGISTER_MODE')
    const { userName, key, skeleton: look } = names.checkUserName(input.user.userName)
    const nickName = names.checkNickName(input.user.nickName ?? userName)
    if (input.password !== undefined) await quality.check(input.password, [userName, nickName])
    const { own, number } = await createVerifiers(input, loginKeyOf({ kind: 'name', text: key }))
    const nowMs = clock.now()
    const tag = random.bytes(tagBytes)
    const skeleton = Buffer.from(crypto.sha256(utf8(look)))
    const insertAll = db.transaction(async (trx) => {
      const userId = await insertAccount(trx, { tag, nowMs })
      const ofNumber = { ...number, loginKey: numberKey(userId) }
      await insertVerifiers(trx, { userId, nowMs, own, number: ofNumber })
      await insertUser(trx, { userId, userName, nickName, skeleton, updatedAt: nowMs })
      const account = { userId, userName, nickName, tag, epoch: 1 }
      const begun = await logins.begin(account, caller, { device: input.device, proof, trx })
      return { account, begun }
    })
    const { account, begun } = await insertAll.catch((error) => {
      throw db.isDuplicate(error) ? nameTaken() : error
    })
    return welcome(account, await begun.finish())
  }
}
