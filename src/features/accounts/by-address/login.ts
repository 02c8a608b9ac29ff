/** Logging in with a code that was sent to an address of the account, instead of the password. */
import type { Clock } from '../../../adapters/clock.ts'
import type { Db } from '../../../adapters/db/index.ts'
import type { AppCaller } from '../../../http/caller.ts'
import { Failure } from '../../../protocol/errors.ts'
import type { Address, Addresses } from '../../addresses/api.ts'
import type { Keys } from '../../key-exchange/api.ts'
import type { Codes, Found } from '../../verification/api.ts'
import type { Opening } from '../opening.ts'
import type { LoginInput, LoginReply } from '../wire.ts'
import { findAccountOfAddress } from './repo.ts'

export type CodeLoginNeeds = {
  db: Db
  clock: Clock
  addresses: Pick<Addresses, 'findOwner'>
  codes: Pick<Codes, 'consume'>
  opening: Opening
  keys: Pick<Keys, 'prove'>
  /** Ids of apps; `*` is all. */
  apps: readonly string[]
}

type CodeLoginInput = Pick<
  LoginInput,
  'flow' | 'code' | 'device' | 'giveUp' | 'keyPrint' | 'tm' | 'checkTokenData'
>

export const createCodeLogin = (needs: CodeLoginNeeds) => {
  const { db, clock, addresses, codes, keys, opening } = needs

  const checkMode = ({ app }: AppCaller) => {
    if (!needs.apps.includes('*') && !needs.apps.includes(app.appId)) throw new Failure('LOGIN_MODE')
  }

  return {
    /** What is sent to an address, for `/v1/code/send`: a code to the account's own spelling of it, or nothing. */
    begin: async (address: Address, caller: AppCaller) => {
      checkMode(caller)
      const owner = await addresses.findOwner(db.write, address)
      if (!owner) return { address, asWhat: 'nothing' as const }
      return { address: owner.address, userId: owner.userId, asWhat: 'code' as const }
    },
    finish: async (input: CodeLoginInput, caller: AppCaller): Promise<LoginReply> => {
      checkMode(caller)
      const { flow, code, device, giveUp } = input
      if (flow === undefined || code === undefined) {
        throw new Failure('PARAMETER_MISSING', { info: 'flow and code' })
      }
      // Before the proof, which is used up by being shown.
      if (!flow.startsWith('login-')) throw new Failure('CODE_EXPIRED')
      const proof = await keys.prove(input, caller)
      const tried = { flow, code, purpose: 'login' as const, caller }
      const opened = await codes.consume(tried, async (trx, found: Found) => {
        const account = await findAccountOfAddress(trx, found.address.key, {
          nowMs: clock.now(),
          deviceId: caller.device?.knownAs,
        })
        // The address has left the account since.
        if (!account || account.userId !== found.userId) throw new Failure('CODE_EXPIRED')
        return opening.begin(trx, account, caller, { device, giveUp, proof })
      })
      return opening.finish(opened, caller)
    },
  }
}
