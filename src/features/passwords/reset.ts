/** A forgotten password: a code that was sent to an address of the account stands for the old one. */
import type { Clock } from '../../adapters/clock.ts'
import type { Sealer } from '../../adapters/crypto.ts'
import type { Db } from '../../adapters/db/index.ts'
import type { AppCaller } from '../../http/caller.ts'
import { fromBase64url, toBase64url, utf8 } from '../../protocol/bytes.ts'
import { Failure } from '../../protocol/errors.ts'
import type { Credentials, CredentialsService } from '../accounts/api.ts'
import type { Address, Addresses } from '../addresses/api.ts'
import type { Keys } from '../key-exchange/api.ts'
import type { Codes, Try } from '../verification/api.ts'
import type { PasswordQuality } from './api.ts'
import type { ResetInput } from './wire.ts'

export type ResetNeeds = {
  db: Db
  clock: Clock
  sealer: Sealer
  credentials: CredentialsService
  quality: PasswordQuality
  addresses: Pick<Addresses, 'findOwner'>
  codes: Pick<Codes, 'consume'>
  keys: Pick<Keys, 'prove'>
}

const grantMs = 600_000
const place = 'password reset'

/** The code was right for this account in this epoch. A new password raises the epoch, so that a grant works once. */
type Grant = { userId: number; epoch: number; appId: string; until: number }

export const createReset = (needs: ResetNeeds) => {
  const { db, clock, sealer, credentials, quality, addresses, codes, keys } = needs

  const writeGrant = ({ account: { userId, epoch } }: Credentials, { app }: AppCaller): string => {
    const grant: Grant = { userId, epoch, appId: app.appId, until: clock.now() + grantMs }
    return toBase64url(sealer.seal(place, utf8(JSON.stringify(grant))))
  }

  const readGrant = (text: string): Grant | undefined => {
    try {
      return JSON.parse(sealer.open(place, fromBase64url(text) ?? new Uint8Array()).toString()) as Grant
    } catch {
      return undefined
    }
  }

  const find = async (userId: number | undefined): Promise<Credentials> => {
    const found = userId === undefined ? undefined : await credentials.find(userId)
    if (!found) throw new Failure('CODE_EXPIRED')
    await credentials.checkActive(found)
    return found
  }

  const findByGrant = async (text: string, { app }: AppCaller) => {
    const grant = readGrant(text)
    if (grant?.appId !== app.appId || grant.until <= clock.now()) throw new Failure('CODE_EXPIRED')
    const found = await find(grant.userId)
    if (found.account.epoch !== grant.epoch) throw new Failure('CODE_EXPIRED')
    return found
  }

  const findByCode = async (given: Pick<Try, 'flow' | 'code'>, caller: AppCaller) => {
    const tried = { ...given, purpose: 'reset' as const, caller }
    const userId = await codes.consume(tried, async (trx, { address, userId }) => {
      const owner = await addresses.findOwner(trx, address)
      // The address has left the account since.
      if (owner?.userId !== userId) throw new Failure('CODE_EXPIRED')
      return userId
    })
    return find(userId)
  }

  /** By a grant or by a code: known before a proof is used up by being shown. */
  const chooseFind = ({ grant, flow, code }: ResetInput) => {
    if (grant !== undefined) return (caller: AppCaller) => findByGrant(grant, caller)
    if (flow === undefined || code === undefined) {
      throw new Failure('PARAMETER_MISSING', { info: 'flow and code, or grant' })
    }
    return (caller: AppCaller) => findByCode({ flow, code }, caller)
  }

  /** The code is used up by now: the refusal brings what takes its place. */
  const createVerifiers = (input: ResetInput, found: Credentials, grant: string) =>
    credentials.create(input, found).catch((error) => {
      if (!(error instanceof Failure)) throw error
      const { entry, options } = error
      throw new Failure(entry.name, { ...options, members: { ...options.members, grant } })
    })

  /** What the caller may set a new password by, and what is kept of that password. Without one: the account alone. */
  const prove = async (input: ResetInput, caller: AppCaller, findAccount: ReturnType<typeof chooseFind>) => {
    const found = await findAccount(caller)
    const grant = writeGrant(found, caller)
    const { newPassword, hashes } = input
    const hasPassword = newPassword !== undefined || hashes !== undefined
    const verifiers = hasPassword ? await createVerifiers(input, found, grant) : undefined
    return { credentials: found, grant, verifiers }
  }

  const kind = 'password.reset' as const

  return {
    /** What is sent to an address, for `/v1/code/send`: a code to the account's own spelling of it, or nothing. */
    begin: async (address: Address) => {
      const owner = await addresses.findOwner(db.write, address)
      if (!owner) return { address, asWhat: 'nothing' as const }
      return { address: owner.address, userId: owner.userId, asWhat: 'code' as const }
    },
    reset: async (input: ResetInput, caller: AppCaller) => {
      const { newPassword, device } = input
      const findAccount = chooseFind(input)
      // A common one costs no code.
      if (newPassword !== undefined) await quality.check(newPassword, [])
      const proof = await keys.prove(input, caller)
      const { credentials: found, grant, verifiers } = await prove(input, caller, findAccount)
      if (!verifiers) return { grant, ...credentials.describe(found) }
      const reply = await credentials.replace({ credentials: found, verifiers, kind, caller, device, proof })
      // Another new password came first.
      if (!reply) throw new Failure('CODE_EXPIRED')
      await credentials.forgetFailures(found.account.userId, caller)
      return reply
    },
    /** For a page: begins no login. */
    resetOnly: async (input: ResetInput, caller: AppCaller): Promise<void> => {
      const findAccount = chooseFind(input)
      await quality.check(input.newPassword ?? '', [])
      const { verifiers, ...proven } = await prove(input, caller, findAccount)
      const { credentials: found } = proven
      const isDone =
        verifiers && (await credentials.replaceOnly({ credentials: found, verifiers, kind, caller }))
      if (!isDone) throw new Failure('CODE_EXPIRED')
      await credentials.forgetFailures(found.account.userId, caller)
    },
  }
}
