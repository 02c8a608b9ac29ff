/** A login whose proof is not the password: a code that was sent to the user, or an identity of a provider. */
import type { Executor } from '../../adapters/db/index.ts'
import type { AppCaller, CallerKey } from '../../http/caller.ts'
import { Failure } from '../../protocol/errors.ts'
import type { ProvenKey } from '../key-exchange/api.ts'
import type { BeginOptions, BegunLogin } from '../tickets/api.ts'
import type { AccountOfAddress } from './by-address/repo.ts'
import { guardWithoutFailures } from './failures/rule.ts'
import type { ComeBack } from './leaving/come-back.ts'
import type { NewDevice } from './new-device/notice.ts'
import type { CheckActive } from './status/rule.ts'
import { welcome, withRecovered, withReplaced } from './welcome.ts'
import type { LoginReply } from './wire.ts'

export type OpeningNeeds = {
  checkActive: CheckActive
  comeBack: ComeBack
  newDevice: Pick<NewDevice, 'begin'>
  /** Where a caller belongs, if that is not here. */
  findRedirect(caller: AppCaller, key: CallerKey): string | undefined
}

type Options = Pick<BeginOptions, 'device' | 'giveUp' | 'proof'>

export type Opened = {
  account: Parameters<typeof welcome>[0]
  begun: BegunLogin
  proof: ProvenKey | undefined
  /** The account was about to leave. */
  isBack?: boolean
}

/** Disabled, ended everywhere, or final at this moment. */
const changed = () => new Failure('OVERLOADED', { retryAfterSeconds: 1 })

export const createOpening = ({ checkActive, comeBack, newDevice, findRedirect }: OpeningNeeds) => ({
  /** Begins the login in the transaction that uses up its proof: what it throws leaves the proof as it was. */
  begin: async (
    trx: Executor,
    account: AccountOfAddress,
    caller: AppCaller,
    { device, giveUp, proof }: Options,
  ): Promise<Opened> => {
    const isBack = comeBack.isLeaving(account)
    if (!isBack) await checkActive(trx, account)
    else if (!(await comeBack.take(trx, account, caller))) throw changed()
    const { tag, mustChange, liveLogins, mail, isKnownDevice } = account
    // A reset by a code is the way on without the password.
    if (mustChange === 1) throw new Failure('PASSWORD_MUST_CHANGE')
    const options = { device, giveUp, proof, guard: guardWithoutFailures(tag), liveLogins, trx }
    const begun = await newDevice.begin(account, caller, options, { mail, isKnownDevice })
    if (!begun) throw changed()
    return { account, begun, proof, isBack }
  },
  /** After the commit. Throws KX_REDIRECT for a caller that belongs elsewhere. */
  finish: async (
    { account, begun, proof, isBack = false }: Opened,
    caller: AppCaller,
  ): Promise<LoginReply> => {
    const redirect = proof && findRedirect(caller, proof)
    const tickets = await begun.finish()
    if (redirect !== undefined) throw new Failure('KX_REDIRECT', { members: { redirect } })
    return withRecovered(withReplaced(welcome(account, tickets), begun.replaced), isBack)
  },
})

export type Opening = ReturnType<typeof createOpening>
