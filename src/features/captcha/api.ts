import type { AppCaller } from '../../http/caller.ts'
import type { CaptchaAnswer, Purpose } from './wire.ts'

export type { CaptchaAnswer } from './wire.ts'

export type Captcha = {
  /**
   * For a call that counts by itself (register, code): counts it, and asks for a captcha if it is one too many.
   * Throws CAPTCHA_MISSING, CAPTCHA_EXPIRED or CAPTCHA_WRONG, each with a fresh captcha.
   */
  checkCall(purpose: Purpose, sent: CaptchaAnswer | undefined, caller: AppCaller): Promise<void>
  /**
   * For a login, whose failures count: `failedAt` are those of this login from the caller's place, `isStreak` that it has
   * failed too often in a row, from anywhere. A known device answers for its own failures alone. True if a captcha was
   * asked for and was right. Throws as `checkCall`.
   */
  checkLogin(
    sent: CaptchaAnswer | undefined,
    caller: AppCaller,
    facts: { failedAt: readonly number[]; isStreak: boolean; isKnownDevice: boolean },
  ): Promise<boolean>
  /** A login has failed. */
  countFailure(caller: AppCaller): Promise<void>
}
