import type { Core } from '../core.ts'

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
}

export const contextOf = ({ userName = '', nickName = '', address = '' }: PasswordContext) => [
  userName,
  nickName,
  address,
]

export const createPasswordVerbs = ({ passwords }: Core): PasswordVerbs => ({
  checkPassword: (password, context = {}) => passwords.checkNew(password, contextOf(context)),
})
