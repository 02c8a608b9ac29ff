/** Whether what a caller sent is the password of a login. */
import type { Hashes, Passwords } from './passwords.ts'
import type { Verifiers } from './verifier.ts'

export type IsRight = (hashes: Hashes, kept: { verifier: string } | undefined) => Promise<boolean>

/** As much work for a login without an account. */
export const createIsRight = ({
  passwords,
  verifiers,
}: {
  passwords: Passwords
  verifiers: Verifiers
}): IsRight =>
  async function isRight({ hash, asTyped }, kept) {
    const fits = (each: string) => verifiers.verify(each, kept?.verifier, passwords.form)
    return (await fits(hash)) || (asTyped !== undefined && (await fits(await asTyped())))
  }
