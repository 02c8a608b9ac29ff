import type { Clock } from '../../adapters/clock.ts'
import type { Db } from '../../adapters/db/index.ts'
import type { Random } from '../../adapters/random.ts'
import type { AppCaller } from '../../http/caller.ts'
import { Failure } from '../../protocol/errors.ts'
import type { Keys } from '../key-exchange/keys.ts'
import type { TicketsService } from '../tickets/tickets.ts'
import { checkNickName, checkUserName, loginKeyOf } from './names.ts'
import type { Passwords } from './passwords.ts'
import { insertAccount, insertUser, insertVerifier } from './repo.ts'
import type { Verifiers } from './verifier.ts'
import { welcome } from './welcome.ts'
import type { RegisterInput, WelcomeReply } from './wire.ts'

export type RegisterNeeds = {
  db: Db
  clock: Clock
  random: Random
  passwords: Passwords
  verifiers: Verifiers
  tickets: Pick<TicketsService, 'prepareLogin'>
  insertLogin: typeof import('../tickets/repo.ts').insertLogin
  keys: Pick<Keys, 'prove' | 'prolong'>
}

const tagBytes = 8

export const createRegister = (needs: RegisterNeeds) => {
  const { db, clock, random, passwords, verifiers } = needs
  return async (input: RegisterInput, caller: AppCaller): Promise<WelcomeReply> => {
    const provenKey = await needs.keys.prove(input, caller)
    if (input.regmode !== 'anonymous') throw new Failure('REGISTER_MODE')
    const { userName, key } = checkUserName(input.user.userName)
    const nickName = checkNickName(input.user.nickName ?? userName)
    const salt = passwords.saltOf('name', key)
    if (input.clientHash !== undefined && input.salt !== salt) {
      throw new Failure(input.salt === undefined ? 'PARAMETER_MISSING' : 'PARAMETER_INVALID', {
        info: 'salt',
      })
    }
    const { hash, nextHash } = await passwords.hashesOf(input, () => salt)
    const verifier = await verifiers.create(hash, passwords.form)
    const nextVerifier = nextHash === undefined ? null : await verifiers.create(nextHash, passwords.form)

    const nowMs = clock.now()
    const tag = random.bytes(tagBytes)
    const loginKey = loginKeyOf({ kind: 'name', text: key })
    const login = await db
      .transaction(async (trx) => {
        const userId = await insertAccount(trx, { tag, nowMs })
        await insertVerifier(trx, {
          loginKey,
          userId,
          verifier,
          nextVerifier,
          createdAt: nowMs,
          updatedAt: nowMs,
        })
        await insertUser(trx, { userId, userName, nickName, updatedAt: nowMs })
        const prepared = needs.tickets.prepareLogin(
          { userId, userName, nickName, tag, epoch: 1 },
          caller,
          input.device,
          provenKey,
        )
        await needs.insertLogin(trx, prepared.row)
        return prepared
      })
      .catch((error) => {
        throw db.isDuplicate(error) ? new Failure('ALREADY_REGISTERED', { cause: error }) : error
      })
    if (provenKey) await needs.keys.prolong(provenKey).catch(() => {})
    return welcome({ userId: login.row.userId, userName, nickName }, await login.issue())
  }
}
