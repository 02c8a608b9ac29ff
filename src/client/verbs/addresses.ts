import type { ReplyOf } from '../call.ts'
import type { Core } from '../core.ts'
import { isFailure } from '../failure.ts'
import type { CodeSent, TypedCode } from './accounts.ts'

export type AddressKind = 'email' | 'phone'

/** A verified address of the user; `verifiedAt` in unix seconds. */
export type UserAddress = ReplyOf<'/v1/address/list'>['addresses'][number]

export type AddressChange = {
  kind: AddressKind
  address: string
  /**
   * The user's password: it confirms the change, and opens the new address. Without it the login must be fresh, and logins
   * with the new address need a code until the next new password.
   */
  password?: string
}

export type AddressVerbs = {
  /**
   * The verified addresses of the user: at most one of each kind. Throws NOT_LOGGED_IN.
   *
   * ```ts
   * const [address] = await client.listAddresses()   // { kind: 'email', address: 'amber@example.com', verifiedAt }
   * ```
   */
  listAddresses(): Promise<UserAddress[]>
  /**
   * Sends a code to an address that is to become the user's: its first of the kind, or another one. Nothing changes before
   * `confirmAddress`. An address of another account gets a notice; the reply is the same. After a fresh login the
   * password is not compared with the one of now. Throws FRESH_LOGIN_NEEDED without a password (call `login` first),
   * OLD_PASSWORD_WRONG, NOT_LOGGED_IN, MAIL_INVALID, PHONE_INVALID, CODE_TOO_SOON with `retryAfterSeconds`,
   * PARAMETER_INVALID for an address that the user has.
   *
   * ```ts
   * const { flow } = await client.changeAddress({ kind: 'email', address: 'new@example.com', password })
   * await client.confirmAddress({ flow, code: '123456' })
   * ```
   */
  changeAddress(change: AddressChange): Promise<CodeSent>
  /**
   * Gives the code of `changeAddress`: the address is the user's, and the old one of the kind is gone. Throws CODE_WRONG,
   * CODE_TRIES, ALREADY_REGISTERED, or CODE_EXPIRED, also when the login that asked has ended.
   */
  confirmAddress(typed: TypedCode): Promise<void>
  /**
   * Takes an address from the user. Without the password the login must be fresh. Throws FRESH_LOGIN_NEEDED,
   * OLD_PASSWORD_WRONG, NOT_LOGGED_IN, PARAMETER_INVALID for an address that is not there, LAST_LOGIN where nothing would
   * open the account any more.
   *
   * ```ts
   * await client.removeAddress('phone', { password })
   * ```
   */
  removeAddress(kind: AddressKind, confirm?: { password?: string }): Promise<void>
}

export type OldHash = { salt: string; clientHash: string; previousClientHash?: string }

/** Confirms by the password what a login that is not fresh may not do, under the salt of a login that has one. */
export const confirmByPassword = async <T>(
  { send, passwords, tickets }: Core,
  password: string | undefined,
  ask: (confirmed: { oldHash?: OldHash }) => Promise<T>,
): Promise<T> => {
  try {
    return await ask({})
  } catch (error) {
    if (password === undefined || !isFailure(error, 'FRESH_LOGIN_NEEDED')) throw error
    const { cost, previous, logins } = await tickets.withSKey((token) =>
      send('/v1/password/logins', { token }),
    )
    const first = logins.find(({ isSet }) => isSet)
    if (!first) throw error
    return ask({ oldHash: await passwords.hashOld(password, { cost, previous, salt: first.salt }) })
  }
}

export const createAddressVerbs = (core: Core): AddressVerbs => {
  const { send, tickets, passwords, captchas } = core
  return {
    listAddresses: async () => {
      const { addresses } = await tickets.withSKey((token) => send('/v1/address/list', { token }))
      return addresses
    },
    changeAddress: async ({ kind, address, password }) => {
      const made = password === undefined ? undefined : await passwords.hash(address, password)
      const ask = (confirmed: { oldHash?: OldHash }) =>
        captchas.callWithCaptcha((captcha) =>
          tickets.withSKey((token) =>
            send('/v1/address/change', {
              token,
              kind,
              address,
              ...made?.hashes,
              ...confirmed,
              ...(captcha && { captcha }),
            }),
          ),
        )
      const { flow, resendSeconds, expiresSeconds } = await confirmByPassword(core, password, ask)
      return { flow, resendSeconds, expiresSeconds }
    },
    confirmAddress: async ({ flow, code }) => {
      await send('/v1/verify', { flow, code })
    },
    removeAddress: async (remove, { password } = {}) => {
      await confirmByPassword(core, password, (confirmed) =>
        tickets.withSKey((token) => send('/v1/address/remove', { token, remove, ...confirmed })),
      )
    },
  }
}
