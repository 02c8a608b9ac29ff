/** Issues captchas and judges their answers. Each is used up by its first answer, right or wrong. */
import type { DrawGlyphs } from '../../adapters/captcha-glyphs.ts'
import type { Clock } from '../../adapters/clock.ts'
import type { ServerCrypto } from '../../adapters/crypto.ts'
import type { Random } from '../../adapters/random.ts'
import type { Store } from '../../adapters/store/index.ts'
import type { Config } from '../../config/index.ts'
import type { AppCaller } from '../../http/caller.ts'
import { toHex, utf8 } from '../../protocol/bytes.ts'
import { Failure } from '../../protocol/errors.ts'
import { drawPicture, drawText, type Theme } from './picture.ts'
import type { CaptchaAnswer, CaptchaKind, ChallengeReply, Purpose } from './wire.ts'
import { type Binding, createWork } from './work.ts'

export type CaptchaNeeds = {
  store: Store
  clock: Clock
  random: Random
  crypto: ServerCrypto
  key: Uint8Array
  config: Config['captcha']
  drawGlyphs: DrawGlyphs
}

export const lifeMs = 120_000

/** What is asked for: the kind, and for work how much harder than usual (doublings). */
export type Demanded = { purpose: Purpose; kind: CaptchaKind; level: number; theme?: Theme }

/** Of an answer to a picture as it was typed, with blanks. */
const longestTyped = 64

export const createCaptchas = ({ store, clock, random, crypto, key, config, drawGlyphs }: CaptchaNeeds) => {
  const work = createWork({ clock, random, crypto, key, lifeMs })
  const bindingOf = (purpose: Purpose, { app, address }: AppCaller): Binding => ({
    purpose,
    appId: app.appId,
    network: address.network,
  })
  const mostOf = (level: number) => config.work.most * 2 ** level

  /** Never the text itself: the store tells nothing of it. */
  const digest = (text: string, { purpose, appId, network }: Binding, id: string) =>
    toHex(crypto.hmacSha256(key, utf8(['captcha picture', id, purpose, appId, network, text].join('\0'))))

  const issuePicture = async (binding: Binding, theme: Theme) => {
    const { length, ...size } = config.picture
    const text = drawText(random, length)
    const captchaId = toHex(random.bytes(16))
    await store.set(`captcha:${captchaId}`, digest(text, binding, captchaId), lifeMs)
    return { captchaId, picture: drawPicture(text, { random, drawGlyphs, size, theme }) }
  }

  const issue = async (demanded: Demanded, caller: AppCaller): Promise<ChallengeReply> => {
    const { purpose, kind, level, theme = 'light' } = demanded
    const binding = bindingOf(purpose, caller)
    const common = { kind, purpose, expiresIn: lifeMs / 1_000 }
    if (kind === 'picture') return { ...common, ...(await issuePicture(binding, theme)) }
    const challenge = work.create(binding, mostOf(level))
    return { ...common, captchaId: challenge.signature.slice(0, 32), challenge }
  }

  /** One atomic take. */
  const checkPicture = async (captchaId: string, answer: string, binding: Binding) => {
    if (!/^[0-9a-f]{32}$/.test(captchaId)) return 'wrong'
    const kept = await store.take(`captcha:${captchaId}`)
    if (kept === undefined) return 'over'
    // Used up all the same: a picture has 8 letters at most, and normalizing a long text would cost.
    if (answer.length > longestTyped) return 'wrong'
    const text = answer.normalize('NFKC').replace(/\s/gu, '').toUpperCase()
    return crypto.isEqual(utf8(kept), utf8(digest(text, binding, captchaId))) ? 'right' : 'wrong'
  }

  /** One level easier counts too: the answering call itself, or a neighbour's, may have raised the demand. */
  const checkWork = async (answer: string, binding: Binding, level: number) => {
    const result = work.check(answer, binding, mostOf(Math.max(0, level - 1)))
    if (result.outcome !== 'right') return result.outcome
    const before = await store.claim(`captcha:${result.signature}`, '1', result.lifeMs)
    return before === undefined ? 'right' : 'wrong'
  }

  const names = { missing: 'CAPTCHA_MISSING', over: 'CAPTCHA_EXPIRED', wrong: 'CAPTCHA_WRONG' } as const

  /** Throws CAPTCHA_MISSING, CAPTCHA_EXPIRED or CAPTCHA_WRONG, each with a fresh captcha. */
  const check = async (
    sent: CaptchaAnswer | undefined,
    demanded: Demanded,
    caller: AppCaller,
  ): Promise<void> => {
    const { captchaId, answer } = sent ?? {}
    const binding = bindingOf(demanded.purpose, caller)
    const judge = async () => {
      if (answer === undefined || answer === '') return 'missing'
      if (demanded.kind === 'work') return checkWork(answer, binding, demanded.level)
      return captchaId === undefined ? 'missing' : checkPicture(captchaId, answer, binding)
    }
    const outcome = await judge()
    if (outcome === 'right') return
    throw new Failure(names[outcome], { members: { captcha: await issue(demanded, caller) } })
  }
  return { issue, check }
}

export type Captchas = ReturnType<typeof createCaptchas>
