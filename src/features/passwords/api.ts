/** Judges a password that the server sees, before it becomes the password of an account. */
export type PasswordQuality = {
  /**
   * `context`: the user name and the addresses of the account. Throws PASSWORD_LENGTH, PASSWORD_CHARACTERS or
   * PASSWORD_COMMON.
   */
  check(password: string, context: readonly string[]): Promise<void>
}
