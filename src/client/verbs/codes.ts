import type { InputOf, ReplyOf } from '../call.ts'
import type { Core } from '../core.ts'

type SendInput = InputOf<'/v1/code/send'>

/** What the code is for and where it goes, or the flow that gets another one. */
export type CodeWanted =
  | { purpose: NonNullable<SendInput['purpose']>; address: string; kind?: NonNullable<SendInput['kind']> }
  | { flow: string }

export type CodeVerbs = {
  /**
   * Sends a code to an e-mail address or a phone, or another one for a flow. Solves the captcha that
   * may be asked for. Resolves with the `flow` that the code belongs to. The reply is the same whether an account has the
   * address or not. Throws MAIL_INVALID, PHONE_INVALID, CODE_TOO_SOON with `retryAfterSeconds`, and for a flow that is
   * over CODE_TRIES or CODE_EXPIRED.
   *
   * ```ts
   * const { flow, resendSeconds } = await client.sendCode({ purpose: 'reset', address: 'amber@example.com' })
   * await client.sendCode({ flow })   // another one, after resendSeconds
   * ```
   */
  sendCode(wanted: CodeWanted): Promise<ReplyOf<'/v1/code/send'>>
}

export const createCodeVerbs = ({ send, captchas }: Core): CodeVerbs => ({
  sendCode: (wanted) =>
    captchas.callWithCaptcha((captcha) =>
      send('/v1/code/send', captcha ? Object.assign({ captcha }, wanted) : wanted),
    ),
})
