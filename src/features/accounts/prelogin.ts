import type { Db } from '../../adapters/db/index.ts'
import { kdfName, normalKdfName } from '../../protocol/password-kdf.ts'
import type { FindKey } from './find-key.ts'
import type { Passwords } from './passwords.ts'
import { findSaltSource } from './repo.ts'
import type { PreloginInput, PreloginReply } from './wire.ts'

export type FindSaltNeeds = { db: Db; passwords: Passwords; findKey: FindKey }

/** The salt of a typed login, which a login without an account has too. */
export const createFindSalt =
  ({ db, passwords, findKey }: FindSaltNeeds) =>
  async (typed: string): Promise<string> => {
    const loginKey = await findKey(typed)
    if (!loginKey.toString().startsWith('number:')) return passwords.saltFrom(loginKey)
    // A number's salt came with its account. Read from the primary alone: a replica that is asked first would make a free
    // number slower than a taken one.
    return passwords.saltFrom((await findSaltSource(db.write, loginKey)) ?? loginKey)
  }

export const createPrelogin =
  ({ passwords, findSalt }: { passwords: Passwords; findSalt(typed: string): Promise<string> }) =>
  async ({ login, kdfs = [] }: PreloginInput): Promise<PreloginReply> => {
    const { cost, ...others } = passwords.describeCosts()
    const kdf = kdfs.includes(normalKdfName) ? normalKdfName : kdfName
    return { kdf, cost, salt: await findSalt(String(login)), ...others }
  }
