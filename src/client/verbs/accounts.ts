import { catalogue } from '../../protocol/errors.ts'
import type { InputOf, ReplyOf } from '../call.ts'
import type { Core } from '../core.ts'
import { isFailure } from '../failure.ts'
import type { KdfWanted } from '../kdf-record.ts'
import type { PasswordHashes } from '../password.ts'
import { greet, notLoggedIn } from './hello.ts'

export type Registration = {
  userName: string
  nickName?: string
  password: string
  /** `anonymous`, by user name and password alone, if it is not given. */
  regmode?: string
}

export type Credentials = {
  /** A user number or a user name. */
  login: InputOf<'/v1/login'>['login']
  password: string
  /** Accept another salt, or a lower cost, than at the last login here: right after the password was reset. */
  acceptNewKdf?: boolean
}

type WelcomeReply = ReplyOf<'/v1/login'>

export type AccountVerbs = {
  /**
   * Registers a user and logs in. Solves the captcha that may be asked for: work by itself, a picture by `onCaptcha`.
   * Throws ALREADY_REGISTERED, NAME_LENGTH or TEXT_CHARACTERS, and what `checkPassword` throws.
   *
   * ```ts
   * const { user } = await client.register({ userName: 'amber', password: 'correct horse' })
   * ```
   */
  register(registration: Registration): Promise<WelcomeReply>
  /**
   * Logs in with a user number or user name. The client forgets the login of before, if there was one; it does not end
   * it. Throws LOGIN_FAILED, TOO_OFTEN with `retryAfterSeconds`, or KDF_CHANGED when the server asks for a weaker hash or
   * another salt than at the last login of this user here.
   *
   * ```ts
   * const { user } = await client.login({ login: 'amber', password: 'correct horse' })
   * ```
   */
  login(credentials: Credentials): Promise<WelcomeReply>
}

/** The server that the login was sent to shares the store, and the key is bound to the new login already. */
const followRedirect = (core: Core, base: string): Promise<WelcomeReply> =>
  core.location.move(base, async () => {
    const { greeting, reply } = await greet(core)
    const { user } = greeting
    if (!user) throw notLoggedIn(reply)
    return {
      ...reply,
      code: catalogue.LOGGED_IN.code,
      result: 'ok',
      status: 'loginok',
      params: { status: 'loginok' },
      user,
      users: [user],
      tickets: reply.tickets ?? {},
    }
  })

export const createAccountVerbs = (core: Core): AccountVerbs => {
  const { passwords, greeter, tickets, location, captchas } = core
  const { device } = core.options

  const send = async (
    login: Credentials['login'],
    wanted: KdfWanted,
    { salt: _, ...hashes }: PasswordHashes,
  ): Promise<WelcomeReply> => {
    try {
      const reply = await captchas.callWithCaptcha((captcha) =>
        greeter.sendWithProof('/v1/login', { login, ...hashes, device, ...(captcha && { captcha }) }),
      )
      await tickets.keep(reply)
      await passwords.remember(login, wanted)
      return reply
    } catch (error) {
      const isSentOn = isFailure(error, 'KX_REDIRECT') && error.isAnswer
      const base = isSentOn ? location.findAllowed(error.members.redirect) : undefined
      if (base === undefined) throw error
      return followRedirect(core, base)
    }
  }

  return {
    register: async ({ userName, nickName, password, regmode = 'anonymous' }) => {
      await passwords.checkNew(password, [userName, nickName ?? ''])
      const { wanted, hashes } = await passwords.hash(userName, password, { withNumber: true })
      const user = nickName === undefined ? { userName } : { userName, nickName }
      const reply = await captchas.callWithCaptcha((captcha) =>
        greeter.sendWithProof('/v1/register', {
          regmode,
          user,
          ...hashes,
          device,
          ...(captcha && { captcha }),
        }),
      )
      await tickets.keep(reply)
      await passwords.remember(userName, wanted)
      return reply
    },
    login: async ({ login, password, acceptNewKdf = false }) => {
      const { wanted, hashes, isNormalised } = await passwords.hash(login, password, { acceptNewKdf })
      try {
        return await send(login, wanted, hashes)
      } catch (error) {
        if (!isNormalised || !isFailure(error, 'LOGIN_FAILED')) throw error
        const typed = await passwords.hash(login, password, { acceptNewKdf, asTyped: true })
        return send(login, typed.wanted, typed.hashes)
      }
    },
  }
}
