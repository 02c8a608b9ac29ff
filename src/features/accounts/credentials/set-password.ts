/** A password that an administrator sets: it does not log in, it only lets the user set another one. */

import type { Sealer } from '../../../adapters/crypto.ts'
import type { Executor } from '../../../adapters/db/index.ts'
import type { PasswordLists } from '../../../adapters/password-lists.ts'
import { Failure } from '../../../protocol/errors.ts'
import type { Addresses } from '../../addresses/api.ts'
import type { RecordAudit } from '../../audit/api.ts'
import type { RecordChange } from '../../change-log/api.ts'
import type { RecordEvent } from '../../events/api.ts'
import type { AdminWorld } from '../../feature.ts'
import type { Identities } from '../../oauth/api.ts'
import type { Outbox } from '../../outbox/api.ts'
import type { PasswordQuality } from '../../passwords/api.ts'
import type { EndLogins } from '../../tickets/api.ts'
import type { Hashing } from '../add-user.ts'
import { createPasswordParts } from '../password-parts.ts'
import type { LoginVerifier } from '../repo.ts'
import { createCheckActive } from '../status/rule.ts'
import { createNewPassword } from './new-password.ts'
import { type AccountOfUser, findCredentials, raiseEpochFrom, replaceVerifiers } from './repo.ts'

export type SetPasswordNeeds = {
  endLogins: EndLogins
  openQuality(lists: PasswordLists): PasswordQuality
  openOutbox(sealer: Sealer): Outbox['add']
  addresses: Pick<Addresses, 'findMails'>
  identities: Pick<Identities, 'findNames'>
  recordAudit: RecordAudit
  recordEvent: RecordEvent
  recordChange: RecordChange
}

export type SetPasswordTools = Hashing & {
  passwordLists: PasswordLists
  /** Seals the mail to the user; undefined where no server sends mail. */
  mailSealer: Sealer | undefined
}

export const createSetPassword = (world: AdminWorld, needs: SetPasswordNeeds) => {
  const { db, clock, config } = world
  const [language = 'en'] = config.languages
  const checkActive = createCheckActive(clock)

  /** As of a change of their own: its owner may know nothing of it. */
  const tell = async (trx: Executor, userId: number, add: Outbox['add']) => {
    const mails = await needs.addresses.findMails(trx, userId)
    if (mails.length === 0) return
    const variables = { identities: (await needs.identities.findNames(trx, userId)).join(', ') }
    for (const to of mails) {
      const kind = 'password-changed' as const
      await add(trx, { channel: 'email', to, kind, language, appId: '', variables })
    }
  }

  const replace = (
    { userId, epoch }: AccountOfUser,
    verifiers: readonly LoginVerifier[],
    mailSealer: Sealer | undefined,
  ) =>
    db.transaction(async (trx) => {
      const nowMs = clock.now()
      if (!(await raiseEpochFrom(trx, { userId, epoch, mustChange: 1, nowMs }))) {
        throw new Failure('OVERLOADED', { info: 'The account changed at this moment: run this again.' })
      }
      await needs.endLogins(trx, userId, { endedAt: nowMs, endReason: 'password-changed' })
      await replaceVerifiers(trx, userId, verifiers, nowMs)
      await needs.recordAudit(trx, { kind: 'password.set', userId })
      await needs.recordEvent(trx, { userId, kind: 'user.changed', detail: { members: ['password'] } })
      if (mailSealer) await tell(trx, userId, needs.openOutbox(mailSealer))
      await needs.recordChange(trx, 'account', String(userId))
    })

  return (tools: SetPasswordTools) => {
    const quality = needs.openQuality(tools.passwordLists)
    const { create } = createNewPassword({ ...createPasswordParts({ ...world, ...tools }), quality })
    /**
     * For every login of the account; all logins that have begun end. Throws USER_UNKNOWN, ACCOUNT_DISABLED, and what is
     * wrong with the password.
     */
    return async (userId: number, password: string): Promise<void> => {
      const found = await findCredentials(db.write, userId)
      if (!found) throw new Failure('USER_UNKNOWN')
      await checkActive(db.write, found.account, 'This account is disabled: enable it first.')
      await replace(found.account, await create({ newPassword: password }, found), tools.mailSealer)
    }
  }
}
