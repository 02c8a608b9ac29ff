/** `torii user add`: users for tests, or one by hand. */
import { Failure } from '../../src/protocol/errors.ts'
import type { Context } from '../console/context.ts'
import { createProgress } from '../console/progress.ts'
import { Refusal } from '../console/refusal.ts'
import { alignRows } from '../console/text.ts'
import { openHashing, randomPassword } from './hashing.ts'

export type AddOptions = { count?: number }
type Added = { userId: string; userName: string }

const namesOf = (name: string, count: number | undefined) =>
  count === undefined ? [name] : Array.from({ length: count }, (_, at) => `${name}${at + 1}`)

export const add = (context: Context, name: string, { count }: AddOptions) =>
  context.withAdmin(async ({ accounts, config, db, place, findKeyProblem }) => {
    const hashing = await openHashing(config, db)
    await findKeyProblem()
    const password = randomPassword()
    const added: Added[] = []
    const progress = createProgress('adding users', count ?? 0, context.tell)
    try {
      const addUser = accounts.openAddUser(hashing)
      for (const one of namesOf(name, count)) {
        const { userId, userName } = await addUser(one, password).catch((error) => {
          if (!(error instanceof Failure) || error.entry.name !== 'ALREADY_REGISTERED') throw error
          throw new Refusal(
            `the name ${one}, or one that looks like it, is taken or held; ${added.length} were added`,
          )
        })
        added.push({ userId: String(userId), userName })
        progress.at(added.length)
      }
    } finally {
      progress.end()
      await hashing.close()
    }
    context.print({ password, users: added }, [
      ...alignRows(added.map(({ userId, userName }) => [userId, userName])),
      `The password is ${password}; it is shown this once. Added in ${place}.`,
    ])
  })
