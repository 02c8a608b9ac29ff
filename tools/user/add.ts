/** `torii user add`: users for tests, or one by hand. */
import { systemRandom } from '../../src/adapters/random.ts'
import { Failure } from '../../src/protocol/errors.ts'
import type { Context } from '../console/context.ts'
import { createProgress } from '../console/progress.ts'
import { Refusal } from '../console/refusal.ts'
import { alignRows } from '../console/text.ts'

export type AddOptions = { count?: number }
type Added = { userId: string; userName: string }

const namesOf = (name: string, count: number | undefined) =>
  count === undefined ? [name] : Array.from({ length: count }, (_, at) => `${name}${at + 1}`)

/** What a server opens at its start to hash passwords, and no more. */
const openHashing = async ({ security, password }: Awaited<ReturnType<Context['readConfig']>>) => {
  const { openServerKey } = await import('../../src/adapters/server-key.ts')
  const { createBcryptPool } = await import('../../src/adapters/bcrypt/pool.ts')
  const { createScryptPool } = await import('../../src/adapters/scrypt-pool.ts')
  const key = openServerKey(security, { create: false, random: systemRandom })
  const bcrypt = createBcryptPool(password)
  const { slowDown } = createScryptPool(password)
  return { key, hashPassword: bcrypt.hash, slowDown, close: bcrypt.close }
}

export const add = (context: Context, name: string, { count }: AddOptions) =>
  context.withAdmin(async ({ accounts, config, place }) => {
    const hashing = await openHashing(config)
    const password = systemRandom.bytes(12).toString('base64url')
    const added: Added[] = []
    const progress = createProgress('adding users', count ?? 0, context.tell)
    try {
      const addUser = accounts.openAddUser(hashing)
      for (const one of namesOf(name, count)) {
        const { userId, userName } = await addUser(one, password).catch((error) => {
          if (!(error instanceof Failure) || error.entry.name !== 'ALREADY_REGISTERED') throw error
          throw new Refusal(
            `the name ${one}, or one that looks like it, is taken; ${added.length} were added`,
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
