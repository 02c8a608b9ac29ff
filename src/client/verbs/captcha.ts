import type { InputOf } from '../call.ts'
import type { CaptchaAnswer } from '../captcha.ts'
import type { Core } from '../core.ts'

export type CaptchaVerbs = {
  /**
   * Gets a captcha and solves it: work by itself, a picture by `onCaptcha`. The answer goes as `captcha` with one call of
   * that purpose, within 120 seconds. `register` and `login` need no such call: they solve what they are asked for.
   *
   * ```ts
   * const captcha = await client.captcha({ purpose: 'code' })
   * ```
   */
  captcha(wanted: InputOf<'/v1/captcha'>): Promise<CaptchaAnswer>
}

export const createCaptchaVerbs = ({ send, captchas }: Core): CaptchaVerbs => ({
  captcha: async (wanted) => captchas.solve(await send('/v1/captcha', wanted)),
})
