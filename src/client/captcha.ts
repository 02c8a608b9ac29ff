/** Solves captchas: work by itself, pictures by asking the program, which asks its user. */
import { toBase64, utf8 } from '../protocol/bytes.ts'
import type { InputOf, ReplyOf } from './call.ts'
import { ClientFailure, isFailure } from './failure.ts'
import { findNumber, type WorkJob } from './find-number.ts'
import type { WorkMessage } from './work-worker.ts'

type Challenge = Omit<ReplyOf<'/v1/captcha'>, 'code' | 'msg' | 'info' | 'timestamp'>
/** What goes as `captcha` with the call that needs one. */
export type CaptchaAnswer = NonNullable<InputOf<'/v1/register'>['captcha']>
/** A picture to be read by the user: `picture` is an SVG. */
export type PictureChallenge = { captchaId: string; purpose: string; picture: string }

export type CaptchaOptions = {
  /** Shows the picture and resolves to what the user has typed. Reject to give up. */
  onCaptcha?: ((challenge: PictureChallenge) => Promise<string> | string) | undefined
  /** How far the work of a captcha is, from 0 to 1. */
  onWork?: ((share: number) => void) | undefined
}

/** A server that asks for more wants the battery, not a proof. */
const mostWork = 20_000_000
const mostTries = 3

const runInWorker = (job: WorkJob, tell: (share: number) => void): Promise<number | undefined> => {
  // One expression, so that bundlers find the worker and bundle it.
  const worker = new Worker(new URL('./work-worker.js', import.meta.url), { type: 'module' })
  return new Promise<number | undefined>((resolve, reject) => {
    worker.onmessage = ({ data }: MessageEvent<WorkMessage>) =>
      'share' in data ? tell(data.share) : resolve(data.number)
    worker.onerror = () => reject(new Error('the worker did not start or has failed'))
    worker.postMessage(job)
  }).finally(() => worker.terminate())
}

const search = async (job: WorkJob, tell: (share: number) => void): Promise<number | undefined> => {
  if (typeof Worker !== 'function') return findNumber(job, tell)
  return runInWorker(job, tell).catch(() => findNumber(job, tell))
}

export const createCaptchaSolver = ({ onCaptcha, onWork = () => {} }: CaptchaOptions) => {
  const solveWork = async ({ challenge }: Challenge): Promise<string> => {
    if (!challenge || !(challenge.maxnumber <= mostWork)) throw new ClientFailure('REPLY_UNREADABLE')
    const number = await search(challenge, onWork)
    if (number === undefined) throw new ClientFailure('REPLY_UNREADABLE')
    return toBase64(utf8(JSON.stringify({ ...challenge, number })))
  }

  const solve = async (challenge: Challenge): Promise<CaptchaAnswer> => {
    const { captchaId, kind, purpose, picture } = challenge
    if (kind === 'work') return { captchaId, answer: await solveWork(challenge) }
    if (!onCaptcha || picture === undefined) {
      throw new ClientFailure('CAPTCHA_MISSING', { members: { captcha: challenge } })
    }
    return { captchaId, answer: await onCaptcha({ captchaId, purpose, picture }) }
  }

  return {
    solve,
    /** Calls without a captcha; a refusal brings the one that is asked for, and the call is repeated with it. */
    callWithCaptcha: async <Reply>(
      call: (captcha: CaptchaAnswer | undefined) => Promise<Reply>,
    ): Promise<Reply> => {
      let answer: CaptchaAnswer | undefined
      for (let tries = 0; ; tries++) {
        try {
          return await call(answer)
        } catch (error) {
          if (!isFailure(error, 'CAPTCHA_MISSING', 'CAPTCHA_EXPIRED', 'CAPTCHA_WRONG')) throw error
          const fresh = error.members.captcha as Challenge | undefined
          if (!fresh || tries === mostTries) throw error
          answer = await solve(fresh)
        }
      }
    },
  }
}
