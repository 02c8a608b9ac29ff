import type { ReplyOf } from '../call.ts'
import type { Core } from '../core.ts'
import type { CodeSent, TypedCode } from './accounts.ts'

export type AddressKind = 'email' | 'phone'

/** A verified address of the user; `verifiedAt` in unix seconds. */
export type UserAddress = ReplyOf<'/v1/address/list'>['addresses'][number]

export type AddressChange = {
  kind: AddressKind
  address: string
  /** The user's password, for logins with the new address. Without it they need a code, until the next new password. */
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
   * `confirmAddress`. An address of another account gets a notice; the reply is the same. The password does not leave the
   * client, so the server does not compare it with the one of before: the login must be fresh instead. Throws
   * FRESH_LOGIN_NEEDED (call `login` first), NOT_LOGGED_IN, MAIL_INVALID, PHONE_INVALID, CODE_TOO_SOON with
   * `retryAfterSeconds`, PARAMETER_INVALID for an address that the user has.
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
   * Takes an address from the user. The login must be fresh. Throws FRESH_LOGIN_NEEDED, NOT_LOGGED_IN, PARAMETER_INVALID
   * for an address that is not there, LAST_LOGIN where nothing would open the account any more.
   *
   * ```ts
   * await client.removeAddress('phone')
   * ```
   */
  removeAddress(kind: AddressKind): Promise<void>
}

export const createAddressVerbs = ({ send, tickets, passwords, captchas }: Core): AddressVerbs => ({
  listAddresses: async () => {
    const { addresses } = await tickets.withSKey((token) => send('/v1/address/list', { token }))
    return addresses
  },
  changeAddress: async ({ kind, address, password }) => {
    const made = password === undefined ? undefined : await passwords.hash(address, password)
    const { flow, resendSeconds, expiresSeconds } = await captchas.callWithCaptcha((captcha) =>
      tickets.withSKey((token) =>
        send('/v1/address/change', {
          token,
          kind,
          address,
          ...made?.hashes,
          ...(captcha && { captcha }),
        }),
      ),
    )
    return { flow, resendSeconds, expiresSeconds }
  },
  confirmAddress: async ({ flow, code }) => {
    await send('/v1/verify', { flow, code })
  },
  removeAddress: async (remove) => {
    await tickets.withSKey((token) => send('/v1/address/remove', { token, remove }))
  },
})
