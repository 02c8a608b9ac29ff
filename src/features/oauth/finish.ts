/**
 * Which account a proven identity opens: the one that has linked it, the one that its verified address finds (where the
 * configuration allows it), or a new one.
 */
import type { Clock } from '../../adapters/clock.ts'
import type { Db, Executor } from '../../adapters/db/index.ts'
import type { Providers } from '../../adapters/providers/driver.ts'
import type { AppCaller } from '../../http/caller.ts'
import { Failure } from '../../protocol/errors.ts'
import type { findAccountOfUser, Opened, Opening, RegisterProven } from '../accounts/api.ts'
import type { Address, Addresses } from '../addresses/api.ts'
import type { RecordAudit } from '../audit/api.ts'
import type { Keys } from '../key-exchange/api.ts'
import type { BeginOptions } from '../tickets/api.ts'
import type { Flows, Proven } from './flows.ts'
import type { Join } from './join.ts'
import { keyOf } from './profile.ts'
import type { Prove } from './prove.ts'
import { findIdentityOwner, insertIdentity } from './repo.ts'
import type { Tell } from './tell.ts'
import type { FinishInput, FinishReply } from './wire.ts'

export type FinishNeeds = {
  db: Db
  clock: Clock
  providers: Providers
  flows: Pick<Flows, 'hand'>
  prove: Prove
  join: Join
  keys: Pick<Keys, 'prove'>
  addresses: Pick<Addresses, 'parse' | 'checkAllowed' | 'findOwner' | 'isHeld'>
  opening: Opening
  registerProven: RegisterProven
  findAccountOfUser: typeof findAccountOfUser
  checkNickName(name: string): string
  recordAudit: RecordAudit
  tell: Tell
}

type Options = Pick<BeginOptions, 'device' | 'giveUp' | 'proof'>
type Ended = { close(): Promise<void> }
type Result = { opened: Opened; isNew: boolean; ended?: Ended }

export const createFinish = (needs: FinishNeeds) => {
  const { db, clock, providers, prove, join, addresses, opening, recordAudit } = needs

  /** The address, if the provider has verified it and its word counts here. */
  const findTrusted = async ({ provider, profile: { email } }: Proven): Promise<Address | undefined> => {
    if (!email?.isVerified || !providers.get(provider)?.provider.trustsEmail) return undefined
    try {
      const address = await addresses.parse(email.address, 'email')
      addresses.checkAllowed(address)
      return address
    } catch (error) {
      if (error instanceof Failure) return undefined
      throw error
    }
  }

  const record = (trx: Executor, kind: string, userId: number, { provider }: Proven, caller: AppCaller) =>
    recordAudit(trx, {
      kind,
      userId,
      appId: caller.app.appId,
      network: caller.address.network,
      detail: { provider },
    })

  const register = async (
    trx: Executor,
    proven: Proven,
    address: Address | undefined,
    caller: AppCaller,
    options: Options,
  ): Promise<Result> => {
    const { provider, profile } = proven
    if (!providers.get(provider)?.provider.createsAccounts) throw new Failure('IDENTITY_UNKNOWN')
    const name = profile.name ?? ''
    const nickName = name === '' ? undefined : needs.checkNickName(name)
    const opened = await needs.registerProven(trx, { nickName, address }, caller, options)
    const { userId } = opened.account
    await insertIdentity(trx, { ...keyOf(proven), userId, displayName: name, createdAt: clock.now() })
    await record(trx, 'identity.registered', userId, proven, caller)
    return { opened, isNew: true }
  }

  const open = async (
    trx: Executor,
    proven: Proven,
    address: Address | undefined,
    caller: AppCaller,
    options: Options,
  ): Promise<Result> => {
    const asked = { nowMs: clock.now(), deviceId: caller.device?.knownAs }
    const userId = await findIdentityOwner(trx, keyOf(proven))
    if (userId !== undefined) {
      const account = await needs.findAccountOfUser(trx, userId, asked)
      if (!account) throw new Failure('IDENTITY_UNKNOWN')
      return { opened: await opening.begin(trx, account, caller, options), isNew: false }
    }
    const owner = address && (await addresses.findOwner(trx, address))
    if (!owner) {
      // The identity opens the account alone; the address can be added once it is free.
      const isFree = address !== undefined && !(await addresses.isHeld(trx, address))
      return register(trx, proven, isFree ? address : undefined, caller, options)
    }
    const account = await needs.findAccountOfUser(trx, owner.userId, asked)
    if (!account) throw new Failure('IDENTITY_UNKNOWN')
    const { opened, ended } = await join(trx, { account, address: owner.address, proven }, caller, options)
    await record(trx, 'identity.joined', account.userId, proven, caller)
    await needs.tell(trx, {
      userId: account.userId,
      what: 'linked',
      provider: keyOf(proven).provider,
      caller,
    })
    return { opened, ended, isNew: false }
  }

  /** The user chooses what to give up, and the app repeats the call with a fresh code. */
  const handBack = async (error: unknown, proven: Proven): Promise<never> => {
    if (!(error instanceof Failure) || error.entry.name !== 'NO_DEVICE_SLOT') throw error
    const { entry, options } = error
    const code = await needs.flows.hand(proven)
    throw new Failure(entry.name, { ...options, members: { ...options.members, code } })
  }

  return async function finish(input: FinishInput, caller: AppCaller): Promise<FinishReply> {
    const { device, giveUp } = input
    const proof = await needs.keys.prove(input, caller)
    const proven = await prove(input.finish, caller)
    const address = await findTrusted(proven)
    const write = () => db.transaction((trx) => open(trx, proven, address, caller, { device, giveUp, proof }))
    // Another process was faster with this identity or address: now it is known.
    const { opened, isNew, ended } = await write()
      .catch((error) => {
        if (!db.isDuplicate(error)) throw error
        return write()
      })
      .catch((error) => handBack(error, proven))
    // The rows are final. If the store is away now, every process closes the gate when it is back: the change log says so.
    await ended?.close().catch(() => {})
    const welcome = await opening.finish(opened, caller)
    return { ...welcome, isNew, isJoined: ended !== undefined }
  }
}
