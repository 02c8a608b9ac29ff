import type { Core } from '../core.ts'
import { isFailure } from '../failure.ts'

/** What the user proves it with: the password, or a code that was sent for the purpose `confirm`. */
export type Proof = { password: string } | { flow: string; code: string }

export type ReauthVerbs = {
  /**
   * Makes the login fresh again, for a verb that threw FRESH_LOGIN_NEEDED; no new login begins. Throws LOGIN_FAILED,
   * TOO_OFTEN, CODE_WRONG, CODE_EXPIRED, NOT_LOGGED_IN, OTHER_DEVICE.
   *
   * ```ts
   * await client.reauth({ password })
   * const { flow } = await client.sendCode({ purpose: 'confirm', address })
   * await client.reauth({ flow, code: '123456' })
   * ```
   */
  reauth(proof: Proof): Promise<void>
}

/** By the hash for one salt of the account; a password of an older client was hashed as it was typed. */
const byPassword = ({ send, passwords, tickets }: Core, password: string, asTyped = false) =>
  tickets.withSKey(async (token) => {
    const { cost, previous, logins } = await send('/v1/password/logins', { token })
    const first = logins.find(({ isSet }) => isSet)
    const hash = first && (await passwords.hashOld(password, { cost, previous, salt: first.salt }, asTyped))
    return send('/v1/reauth', { token, how: 'password', ...hash })
  })

export const createReauthVerbs = (core: Core): ReauthVerbs => ({
  reauth: async (proof) => {
    const { send, tickets } = core
    const prove = () => {
      if ('code' in proof)
        return tickets.withSKey((token) => send('/v1/reauth', { token, how: 'code', ...proof }))
      const { password } = proof
      const isNormal = password === password.normalize('NFC')
      return byPassword(core, password).catch((error) => {
        if (isNormal || !isFailure(error, 'LOGIN_FAILED')) throw error
        return byPassword(core, password, true)
      })
    }
    await tickets.renew(await prove())
  },
})
