/** A new password takes the place of the old one: everything that was issued under the old one ends with it. */

import type { Clock } from '../../../adapters/clock.ts'
import type { Db, Executor } from '../../../adapters/db/index.ts'
import type { AppCaller } from '../../../http/caller.ts'
import type { Addresses } from '../../addresses/api.ts'
import type { RecordAudit } from '../../audit/api.ts'
import type { RecordEvent } from '../../events/api.ts'
import type { Keys, ProvenKey } from '../../key-exchange/api.ts'
import type { Identities } from '../../oauth/api.ts'
import type { Outbox } from '../../outbox/api.ts'
import type { BeginOptions, Tickets } from '../../tickets/api.ts'
import type { LoginGuard } from '../api.ts'
import type { LoginVerifier } from '../repo.ts'
import { welcome } from '../welcome.ts'
import type { WelcomeReply } from '../wire.ts'
import { type Credentials, raiseEpochFrom, replaceVerifiers } from './repo.ts'

export type ReplaceNeeds = {
  db: Db
  clock: Clock
  logins: Pick<Tickets, 'begin' | 'endAll' | 'findKeys'>
  keys: Pick<Keys, 'end'>
  addresses: Pick<Addresses, 'findMails'>
  outbox: Pick<Outbox, 'add' | 'canSend'>
  identities: Pick<Identities, 'findNames'>
  recordAudit: RecordAudit
  recordEvent: RecordEvent
}

export type Replacement = {
  credentials: Credentials
  verifiers: readonly LoginVerifier[]
  /** The audit event. */
  kind: 'password.changed' | 'password.reset'
  caller: AppCaller
  device?: BeginOptions['device']
  proof?: ProvenKey | undefined
  /** Nothing is written if failures hold up the login by now. */
  guard?: LoginGuard | undefined
}

type Ends = { ended: { close(): Promise<unknown> }; keyPrints: readonly string[] }

const heldUp = new Error('failures hold up this login')

export const createReplacePassword = (needs: ReplaceNeeds) => {
  const { db, clock, logins, outbox } = needs

  const tell = async (trx: Executor, userId: number, caller: AppCaller) => {
    if (!outbox.canSend('email')) return
    const mails = await needs.addresses.findMails(trx, userId)
    if (mails.length === 0) return
    // A thief may have linked one, and a new password ends none.
    const identities = (await needs.identities.findNames(trx, userId)).join(', ')
    for (const to of mails) {
      await outbox.add(trx, {
        channel: 'email',
        to,
        kind: 'password-changed',
        language: caller.language,
        appId: caller.app.appId,
        variables: { place: caller.address.text, device: caller.device?.name ?? '', identities },
      })
    }
  }

  /** Everything of the old password ends. */
  const end = async (trx: Executor, { credentials, verifiers, kind, caller }: Replacement) => {
    const { account } = credentials
    const { userId, epoch } = account
    const nowMs = clock.now()
    if (!(await raiseEpochFrom(trx, { userId, epoch, mustChange: 0, nowMs }))) return undefined
    const keyPrints = await logins.findKeys(trx, userId)
    const ended = await logins.endAll(trx, userId, 'password-changed')
    await replaceVerifiers(trx, userId, verifiers, nowMs)
    const { app, address } = caller
    await needs.recordAudit(trx, { kind, userId, appId: app.appId, network: address.network })
    const detail = { members: ['password'] }
    await needs.recordEvent(trx, { userId, kind: 'user.changed', appId: app.appId, detail })
    await tell(trx, userId, caller)
    return { ended, keyPrints }
  }

  const endAndBegin = async (trx: Executor, replacement: Replacement) => {
    const { credentials, caller, device, proof, guard } = replacement
    const ends = await end(trx, replacement)
    if (!ends) return undefined
    const { account } = credentials
    const begun = await logins.begin({ ...account, epoch: account.epoch + 1 }, caller, {
      device,
      proof,
      guard,
      trx,
    })
    if (!begun) throw heldUp
    return { ...ends, begun }
  }

  /** The rows are final. If the store is away now, every process closes the gate when it is back: the change log says so. */
  const close = async ({ ended, keyPrints }: Ends, own?: string): Promise<void> => {
    await Promise.all([
      ended.close(),
      ...keyPrints.filter((print) => print !== own).map((print) => needs.keys.end(print)),
    ]).catch(() => {})
  }

  /** The same without a login for the caller. False: the account has changed since. */
  const replaceOnly = async (replacement: Replacement): Promise<boolean> => {
    const ends = await db.transaction((trx) => end(trx, replacement))
    if (ends) await close(ends)
    return ends !== undefined
  }

  /**
   * Ends all logins of the account with their tickets and keys, and begins a new one for the caller. Undefined: the
   * account has changed since its credentials were read, so nothing was written.
   */
  const replace = async (replacement: Replacement): Promise<WelcomeReply | undefined> => {
    const written = await db
      .transaction((trx) => endAndBegin(trx, replacement))
      .catch((error) => {
        if (error !== heldUp) throw error
      })
    if (!written) return undefined
    await close(written, replacement.proof?.fingerprint)
    return welcome(replacement.credentials.account, await written.begun.finish())
  }

  return { replace, replaceOnly }
}
