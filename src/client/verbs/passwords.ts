import type { ReplyOf } from '../call.ts'
import type { Core } from '../core.ts'
import { ClientFailure, isFailure } from '../failure.ts'
import { getSession } from './tickets.ts'

/** What a password must not be made of. */
export type PasswordContext = { userName?: string; nickName?: string; address?: string }

export type PasswordVerbs = {
  /**
   * Whether a password is good enough for this server. Throws PASSWORD_LENGTH (8 characters to 1,024 bytes),
   * PASSWORD_CHARACTERS, or PASSWORD_COMMON for one that many people have or that is made of the user's own names. The
   * password does not leave the client: the server is asked by the first five digits of its SHA-1 sum. `register` and the
   * other verbs that set a password call it by themselves.
   *
   * ```ts
   * await client.checkPassword('correct horse battery', { userName: 'amber' })
   * ```
   */
  checkPassword(password: string, context?: PasswordContext): Promise<void>
  /**
   * Sets a new password. All other logins of the user end; this one goes on with new tickets. Without `oldPassword` the
   * login must be fresh. Throws OLD_PASSWORD_WRONG, TOO_OFTEN, FRESH_LOGIN_NEEDED, NOT_LOGGED_IN, and what
   * `checkPassword` throws.
   *
   * ```ts
   * await client.changePassword({ oldPassword, newPassword })
   * ```
   */
  changePassword(change: { oldPassword?: string; newPassword: string }): Promise<WelcomeReply>
  /**
   * Sends a code to an address of an account whose password is forgotten. An address without an account gets nothing; the
   * reply is the same.
   *
   * ```ts
   * const { flow } = await client.sendResetCode('amber@example.com')
   * const { user } = await client.resetPassword({ flow, code: '123456', newPassword })
   * ```
   */
  sendResetCode(address: string): Promise<{ flow: string; resendSeconds: number; expiresSeconds: number }>
  /**
   * Sets a new password by the code of `sendResetCode`, ends all logins of the user and logs in. Throws CODE_WRONG,
   * CODE_TRIES, CODE_EXPIRED, and what `checkPassword` throws; a refused password does not cost the code.
   */
  resetPassword(reset: { flow: string; code: string; newPassword: string }): Promise<WelcomeReply>
}

type WelcomeReply = ReplyOf<'/v1/login'>

export const contextOf = ({ userName = '', nickName = '', address = '' }: PasswordContext) => [
  userName,
  nickName,
  address,
]

const welcomed = (reply: ReplyOf<'/v1/password/reset'>): WelcomeReply => {
  const { result, status, params, user, users, tickets } = reply
  if (!result || !status || !params || !user || !users || !tickets)
    throw new ClientFailure('REPLY_UNREADABLE')
  return { ...reply, result, status, params, user, users, tickets }
}

/** By the hash for one salt of the account; a password of an older client was hashed as it was typed. */
const changeBy = async (
  core: Core,
  oldPassword: string | undefined,
  newPassword: string,
  asTyped = false,
) => {
  const { send, passwords, greeter, tickets } = core
  return tickets.withSKey(async (token) => {
    const salts = await send('/v1/password/logins', { token })
    const hashes = await passwords.hashEach(newPassword, salts)
    const { cost, previous, logins } = salts
    const first = logins.find(({ isSet }) => isSet)
    const old =
      first && oldPassword !== undefined
        ? await passwords.hashOld(oldPassword, { cost, previous, salt: first.salt }, asTyped)
        : undefined
    const { device } = core.options
    return greeter.sendWithProof('/v1/password/change', { token, ...old, hashes, device })
  })
}

export const createPasswordVerbs = (core: Core): PasswordVerbs => {
  const { send, passwords, greeter, tickets, captchas } = core
  return {
    checkPassword: (password, context = {}) => passwords.checkNew(password, contextOf(context)),
    changePassword: async ({ oldPassword, newPassword }) => {
      const { user } = await getSession(core)
      await passwords.checkNew(newPassword, contextOf(user))
      const isNormal = oldPassword === undefined || oldPassword === oldPassword.normalize('NFC')
      const reply = await changeBy(core, oldPassword, newPassword).catch((error) => {
        if (isNormal || !isFailure(error, 'OLD_PASSWORD_WRONG')) throw error
        return changeBy(core, oldPassword, newPassword, true)
      })
      await tickets.keep(reply)
      return reply
    },
    sendResetCode: (address) =>
      captchas.callWithCaptcha((captcha) =>
        send('/v1/code/send', { purpose: 'reset', address, ...(captcha && { captcha }) }),
      ),
    resetPassword: async ({ flow, code, newPassword }) => {
      await passwords.checkNew(newPassword, [])
      const { grant, cost, next, logins } = await send('/v1/password/reset', { flow, code })
      if (grant === undefined || cost === undefined || !logins) throw new ClientFailure('REPLY_UNREADABLE')
      const hashes = await passwords.hashEach(newPassword, { cost, ...(next && { next }), logins })
      const { device } = core.options
      const reply = welcomed(await greeter.sendWithProof('/v1/password/reset', { grant, hashes, device }))
      await tickets.keep(reply)
      return reply
    },
  }
}
