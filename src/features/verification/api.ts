import type { Executor } from '../../adapters/db/index.ts'
import type { AppCaller } from '../../http/caller.ts'
import type { SuccessName } from '../../protocol/errors.ts'
import type { Address } from '../addresses/api.ts'
import type { CaptchaAnswer } from '../captcha/api.ts'
import type { Purpose, VerifyInput, VerifyReply } from './wire.ts'

export type { VerifyInput } from './wire.ts'

/** `notice` tells the owner of the address about the attempt, `nothing` sends nothing. Both have no right code. */
export type AsWhat = 'code' | 'notice' | 'nothing'

/** What a flow is about, known when its code is right. `payload` is JSON; it is sealed at rest. */
export type Found = { address: Address; userId?: number | undefined; payload?: unknown }

export type Asked = Found & {
  purpose: Purpose
  caller: AppCaller
  /** Work, reply and limits are the same for all three. */
  asWhat: AsWhat
  /** `checked`: the caller has asked for one already. */
  captcha: CaptchaAnswer | undefined | 'checked'
}

export type Sent = { flow: string; kind: Address['kind']; resendSeconds: number; expiresSeconds: number }

export type Try = {
  flow: string
  /** As typed. */
  code: string | number
  purpose: Purpose
  caller: AppCaller
  /** Where the caller names one, it must be the one that the code was sent to. */
  address?: Address | undefined
}

/** What the feature that owns a purpose does about it. Operations of its own call `send` and `consume` instead. */
export type PurposeHandler = {
  /** The page that a link in the mail leads to, for an app that has no page of its own. */
  page?: string | undefined
  /** For `/v1/code/send` with an address: what is sent, and to which account. Without it that is refused. */
  begin?(address: Address, caller: AppCaller): Promise<Found & { asWhat: AsWhat }>
  /** For `/v1/verify`: calls `consume`, and answers. Without it that is refused. */
  verify?(input: VerifyInput, caller: AppCaller): Promise<{ code: SuccessName } & VerifyReply>
}

export type Codes = {
  /**
   * Begins a flow: makes a code, and puts its message into the outbox in the same transaction. Throws the captcha
   * refusals, CODE_TOO_SOON, TOO_OFTEN, PHONE_INVALID for a country that is not listed, MAIL_FAILED, SMS_FAILED.
   */
  send(asked: Asked): Promise<Sent>
  /**
   * Judges one try. The right code uses up the flow in the transaction that `use` writes in; if `use` throws, the flow
   * stays as it was. `use` does nothing but statements of `trx`, since a deadlock repeats it. Throws CODE_WRONG,
   * CODE_TRIES, CODE_EXPIRED.
   */
  consume<T>(tried: Try, use: (trx: Executor, found: Found) => Promise<T>): Promise<T>
  /** Says who answers for a purpose; once for each, while the features are created. */
  handle(purpose: Purpose, handler: PurposeHandler): void
}
