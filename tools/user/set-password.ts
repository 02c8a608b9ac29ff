/** `torii user set-password`: a password that works once, to set another one. */
import type { Context } from '../console/context.ts'
import { Refusal } from '../console/refusal.ts'
import { openHashing, randomPassword } from './hashing.ts'

export type SetPasswordOptions = { stdin?: boolean }

const readPassword = async ({ readInput }: Context): Promise<string> => {
  if (!readInput)
    throw new Refusal('--stdin reads a pipe or a file: give the password there, not at the terminal')
  const bytes = await readInput()
  try {
    // Of a file that an editor wrote: without the mark at its beginning and the end of its line.
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes).replace(/\r?\n$/, '')
  } catch {
    throw new Refusal('--stdin: the password is not UTF-8')
  }
}

/** `named` says who is not there. */
export const setPassword = (
  context: Context,
  user: string,
  { stdin = false }: SetPasswordOptions,
  named: <T>(user: string, work: Promise<T>) => Promise<T>,
) =>
  context.withAdmin(async ({ accounts, config, db, place }) => {
    const { userId } = await named(user, accounts.find(user))
    const given = stdin ? await readPassword(context) : undefined
    const password = given ?? randomPassword()
    const hashing = await openHashing(config, db)
    try {
      await named(user, accounts.openSetPassword(hashing)(userId, password))
    } finally {
      await hashing.close()
    }
    const isShown = given === undefined
    context.print({ userId: String(userId), ...(isShown && { password }) }, [
      ...(isShown ? [`The one-time password is ${password}; it is shown this once.`] : []),
      `User ${userId} (${user}) must change it at the next login, within ${config.accounts.oneTimePasswordHours} hours, in ${place}. Every login ends; running servers notice it within a second.`,
    ])
  })
