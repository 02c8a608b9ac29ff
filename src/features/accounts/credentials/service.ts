/** What others may do with the passwords of an account; how, is in the files beside. */
import type { Db } from '../../../adapters/db/index.ts'
import type { AppCaller } from '../../../http/caller.ts'
import type { NetworkFailures } from '../failures/networks.ts'
import type { FailuresService } from '../failures/rule.ts'
import { createFindFit } from '../find-fit.ts'
import { numberKey } from '../login-keys.ts'
import type { Passwords } from '../passwords.ts'
import { findLoginSituation } from '../repo.ts'
import type { CheckActive } from '../status/rule.ts'
import { type CheckOldNeeds, createCheckOld } from './check-old.ts'
import { createNewPassword, type NewPasswordNeeds } from './new-password.ts'
import { createReplacePassword, type ReplaceNeeds } from './replace.ts'
import { type Credentials, findCredentials } from './repo.ts'

export type CredentialsNeeds = ReplaceNeeds &
  NewPasswordNeeds &
  Pick<CheckOldNeeds, 'captcha'> & {
    db: Db
    passwords: Passwords
    failures: FailuresService
    checkActive: CheckActive
    networks: NetworkFailures
  }

export const createCredentials = (needs: CredentialsNeeds) => {
  const { db } = needs
  const { describe, saltOf, create } = createNewPassword(needs)
  const findFit = createFindFit(needs)
  return {
    findFit,
    /** From the primary. */
    find: (userId: number) => findCredentials(db.write, userId),
    /** Throws ACCOUNT_DISABLED. */
    checkActive: ({ account }: Credentials) => needs.checkActive(db.write, account),
    describe,
    create,
    checkOld: createCheckOld({ ...needs, findFit, saltOf }),
    ...createReplacePassword(needs),
    /** The failed logins of this place: its user has proved by other means who is asking. */
    forgetFailures: async (userId: number, caller: AppCaller): Promise<void> => {
      const situation = await findLoginSituation(db.write, {
        givenKey: numberKey(userId),
        nowMs: needs.clock.now(),
        network: caller.address.network,
        deviceId: caller.device?.knownAs,
      })
      await needs.failures.clear(situation)
    },
  }
}

export type CredentialsService = ReturnType<typeof createCredentials>
