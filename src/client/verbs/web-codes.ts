import { toBase64url, utf8 } from '../../protocol/bytes.ts'
import type { ReplyOf } from '../call.ts'
import type { Core } from '../core.ts'
import { noblePrimitives } from '../primitives.ts'

type RedeemReply = ReplyOf<'/v1/ticket/web-code/redeem'>

/** What a page keeps, and what it tells the app. */
export type WebVerifier = { verifier: string; challenge: string }

export type WebCodeVerbs = {
  /**
   * On a page: a fresh secret for one web code. Keep `verifier` in the page (in `sessionStorage`, if it is loaded anew
   * meanwhile), and hand `challenge` to the app. Sends nothing.
   *
   * ```ts
   * const { verifier, challenge } = client.createWebVerifier()
   * ```
   */
  createWebVerifier(): WebVerifier
  /**
   * In the app: a code with which the page of that challenge takes over this login, once and within
   * `expiresSeconds`. `app` is the appid of the page, if it is another one. Throws NOT_LOGGED_IN, JUMP_REFUSED.
   *
   * ```ts
   * const { webCode } = await client.webCode({ challenge, app: 'LkX2…' })
   * ```
   */
  webCode(wanted: { challenge: string; app?: string }): Promise<ReplyOf<'/v1/ticket/web-code'>>
  /**
   * On the page: takes over the login. The client keeps its SKey, in the place of a login before; there is no A2. Throws
   * WEB_CODE_INVALID.
   *
   * ```ts
   * const { user } = await client.redeemWebCode({ webCode, verifier })
   * ```
   */
  redeemWebCode(code: { webCode: string; verifier: string }): Promise<RedeemReply>
}

const verifierBytes = 32

/** A secret of 256 bits, and what others may see of it. */
export const createWebVerifier = (): WebVerifier => {
  const verifier = toBase64url(crypto.getRandomValues(new Uint8Array(verifierBytes)))
  return { verifier, challenge: toBase64url(noblePrimitives.sha256(utf8(verifier))) }
}

export const createWebCodeVerbs = ({ send, tickets }: Core): WebCodeVerbs => ({
  createWebVerifier,
  webCode: (wanted) =>
    tickets.withSKey((token) => send('/v1/ticket/web-code', Object.assign({ token }, wanted))),
  redeemWebCode: async ({ webCode, verifier }) => {
    const reply = await send('/v1/ticket/web-code/redeem', { webCode, verifier })
    await tickets.keep(reply)
    return reply
  },
})
