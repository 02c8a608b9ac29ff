/** A login whose proof is not the password: a code that was sent to the user, or an identity of a provider. */
import type { Executor } from '../../adapters/db/index.ts'
import type { AppCaller, CallerKey } from '../../http/caller.ts'
import { Failure } from '../../protocol/errors.ts'
import type { ProvenKey } from '../key-exchange/api.ts'
import type { BeginOptions, BegunLogin } from '../tickets/api.ts'
import type { AccountOfAddress } from './by-address/repo.ts'
import { guardWithoutFailures } from './failures/rule.ts'
import type { NewDevice } from './new-device/notice.ts'
import type { CheckActive } from './status/rule.ts'
import { welcome, withReplaced } from './welcome.ts'
import type { LoginReply } from './wire.ts'

export type OpeningNeeds = {
  checkActive: CheckActive
  newDevice: Pick<NewDevice, 'begin'>
  /** Where a caller belongs, if that is not here. */
  findRedirect(caller: AppCaller, key: CallerKey): string | undefined
}

type Options = Pick<BeginOptions, 'device' | 'giveUp' | 'proof'>

export type Opened = {
  account: Parameters<typeof welcome>[0]
  begun: BegunLogin
  proof: ProvenKey | undefined
}

export const createOpening = ({ checkActive, newDevice, findRedirect }: OpeningNeeds) => ({
  /** Begins the login in the transaction that uses up its proof: what it throws leaves the proof as it was. */
  begin: async (
    trx: Executor,
    account: AccountOfAddress,
    caller: AppCaller,
    { device, giveUp, proof }: Options,
  ): Promise<Opened> => {
    await checkActive(trx, account)
    const { tag, mustChange, liveLogins, mail, isKnownDevice } = account
    // A reset by a code is the way on without the password.
    if (mustChange === 1) throw new Failure('PASSWORD_MUST_CHANGE')
    const options = { device, giveUp, proof, guard: guardWithoutFailures(tag), liveLogins, trx }
    const begun = await newDevice.begin(account, caller, options, { mail, isKnownDevice })
    // Disabled, or ended everywhere, at this moment.
    if (!begun) throw new Failure('OVERLOADED', { retryAfterSeconds: 1 })
    return { account, begun, proof }
  },
  /** After the commit. Throws KX_REDIRECT for a caller that belongs elsewhere. */
  finish: async ({ account, begun, proof }: Opened, caller: AppCaller): Promise<LoginReply> => {
    const redirect = proof && findRedirect(caller, proof)
    const tickets = await begun.finish()
    if (redirect !== undefined) throw new Failure('KX_REDIRECT', { members: { redirect } })
    return withReplaced(welcome(account, tickets), begun.replaced)
  },
})

export type Opening = ReturnType<typeof createOpening>
