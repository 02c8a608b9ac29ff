import { catalogue } from '../../protocol/errors.ts'
import type { ReplyOf } from '../call.ts'
import type { Core } from '../core.ts'
import { ClientFailure, isFailure } from '../failure.ts'
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
  /** A user number, a user name, an e-mail address or a phone number. */
  login: string | number
  password: string
  /** Takes the place of the password, and ends all other logins: after PASSWORD_MUST_CHANGE. */
  newPassword?: string
  /** Accept another salt, or a lower cost, than at the last login here: right after the password was reset. */
  acceptNewKdf?: boolean
}

/** An e-mail address or a phone number, to which a code is sent. */
export type AddressRegistration = ({ email: string } | { phone: string }) & {
  /** Without one the server makes a name. */
  userName?: string
  nickName?: string
  /** May be left out where the server allows accounts without one. */
  password?: string
}

/** A code that was sent. */
export type CodeSent = {
  /** Names it to `confirm`. */
  flow: string
  /** Seconds until the next code can be sent, and until this one is over. */
  resendSeconds: number
  expiresSeconds: number
}

export type TypedCode = { flow: string; code: string | number }

type WelcomeReply = ReplyOf<'/v1/login'>
type LoginSalts = Parameters<Core['passwords']['hashEach']>[1]
type NewHashes = Awaited<ReturnType<Core['passwords']['hashEach']>>

/** A reply that has a user and tickets: neither waits for a code, nor answers another purpose. */
const welcomed = (reply: Partial<WelcomeReply>): WelcomeReply => {
  if (!reply.user || !reply.tickets) throw new ClientFailure('REPLY_UNREADABLE')
  return reply as WelcomeReply
}

const codeSent = ({ flow, resendSeconds, expiresSeconds }: Partial<CodeSent>): CodeSent => {
  if (flow === undefined || resendSeconds === undefined || expiresSeconds === undefined) {
    throw new ClientFailure('REPLY_UNREADABLE')
  }
  return { flow, resendSeconds, expiresSeconds }
}

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
   * Registers a user with an e-mail address or a phone: the server sends a code there, and `confirm` makes the account. An
   * address that has an account gets a notice instead; the reply is the same. Throws MAIL_INVALID, PHONE_INVALID,
   * ALREADY_REGISTERED for a user name, CODE_TOO_SOON with `retryAfterSeconds`.
   *
   * ```ts
   * const { flow } = await client.registerAddress({ email: 'amber@example.com', password: 'correct horse' })
   * const { user } = await client.confirm({ flow, code: '123456' })
   * ```
   */
  registerAddress(registration: AddressRegistration): Promise<CodeSent>
  /**
   * Sends a code to an address of an account, to log in without a password. An address without an account gets nothing;
   * the reply is the same. Throws LOGIN_MODE where an app's users need a password.
   *
   * ```ts
   * const { flow } = await client.sendLoginCode('amber@example.com')
   * const { user } = await client.confirm({ flow, code: '123456' })
   * ```
   */
  sendLoginCode(address: string): Promise<CodeSent>
  /**
   * Gives the code of `registerAddress` or `sendLoginCode`: then the user is logged in. Throws CODE_WRONG, CODE_TRIES or
   * CODE_EXPIRED.
   */
  confirm(typed: TypedCode): Promise<WelcomeReply>
  /**
   * Logs in with a user number, user name, e-mail address or phone number. The client forgets the login of before, if there was one; it does not end
   * it. Throws LOGIN_FAILED, TOO_OFTEN with `retryAfterSeconds`, or KDF_CHANGED when the server asks for a weaker hash or
   * another salt than at the last login of this user here. Throws PASSWORD_MUST_CHANGE for a password that an
   * administrator has set: ask the user for another one, and log in again with `newPassword`.
   *
   * ```ts
   * const { user } = await client.login({ login: 'amber', password: 'correct horse' })
   * await client.login({ login: 'amber', password: oneTimePassword, newPassword: 'battery staple' })
   * ```
   */
  login(credentials: Credentials): Promise<WelcomeReply>
}

/** What a refusal says has to be hashed. */
const saltsOf = (error: unknown): LoginSalts | undefined =>
  isFailure(error, 'PARAMETER_MISSING') && Array.isArray(error.members.logins)
    ? (error.members as LoginSalts)
    : undefined

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
    { salt: _, ...password }: PasswordHashes,
    hashes?: NewHashes,
  ): Promise<WelcomeReply> => {
    try {
      const reply = await captchas.callWithCaptcha((captcha) =>
        greeter.sendWithProof('/v1/login', {
          login,
          ...password,
          ...(hashes && { hashes }),
          device,
          ...(captcha && { captcha }),
        }),
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

  /** With a new password the salt of this login comes first: the refusal names the others. */
  const sendWith = async (
    login: Credentials['login'],
    { wanted, hashes }: { wanted: KdfWanted; hashes: PasswordHashes },
    newPassword: string | undefined,
  ): Promise<WelcomeReply> => {
    if (newPassword === undefined) return send(login, wanted, hashes)
    const own = await passwords.hashEach(newPassword, { cost: wanted.cost, logins: [wanted] })
    try {
      return await send(login, wanted, hashes, own)
    } catch (error) {
      const salts = saltsOf(error)
      if (!salts) throw error
      return send(login, wanted, hashes, await passwords.hashEach(newPassword, salts))
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
      const welcome = welcomed(reply)
      await tickets.keep(welcome)
      await passwords.remember(userName, wanted)
      return welcome
    },
    registerAddress: async ({ password, userName, nickName, ...address }) => {
      const [regmode, text] = 'email' in address ? ['email', address.email] : ['phone', address.phone]
      const user = {
        ...address,
        ...(userName !== undefined && { userName }),
        ...(nickName !== undefined && { nickName }),
      }
      if (password !== undefined) await passwords.checkNew(password, [text, userName ?? '', nickName ?? ''])
      const made =
        password === undefined ? undefined : await passwords.hash(text, password, { withNumber: true })
      const named =
        password === undefined || userName === undefined
          ? undefined
          : await passwords.hash(userName, password)
      const reply = await captchas.callWithCaptcha((captcha) =>
        core.send('/v1/register', {
          regmode,
          user,
          ...made?.hashes,
          ...(named && { name: named.hashes }),
          device,
          ...(captcha && { captcha }),
        }),
      )
      return codeSent(reply)
    },
    sendLoginCode: async (address) =>
      codeSent(
        await captchas.callWithCaptcha((captcha) =>
          core.send('/v1/code/send', { purpose: 'login', address, ...(captcha && { captcha }) }),
        ),
      ),
    confirm: async ({ flow, code }) => {
      const path = flow.startsWith('login-') ? '/v1/login' : '/v1/verify'
      const welcome = welcomed(await greeter.sendWithProof(path, { flow, code, device }))
      await tickets.keep(welcome)
      return welcome
    },
    login: async ({ login, password, newPassword, acceptNewKdf = false }) => {
      if (newPassword !== undefined) await passwords.checkNew(newPassword, [String(login)])
      const hashed = await passwords.hash(login, password, { acceptNewKdf, withPrevious: true })
      try {
        return await sendWith(login, hashed, newPassword)
      } catch (error) {
        if (!hashed.isNormalised || !isFailure(error, 'LOGIN_FAILED')) throw error
        const typed = await passwords.hash(login, password, {
          acceptNewKdf,
          asTyped: true,
          withPrevious: true,
        })
        return sendWith(login, typed, newPassword)
      }
    },
  }
}
