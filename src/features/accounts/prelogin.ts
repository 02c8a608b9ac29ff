import type { Db } from '../../adapters/db/index.ts'
import { kdfName } from '../../protocol/password-kdf.ts'
import { canonicalLogin } from './names.ts'
import type { Passwords } from './passwords.ts'
import { findLoginKeyOfNumber } from './repo.ts'
import type { PreloginInput } from './wire.ts'

/** The salt of a typed login: a user number has that of its user name; a login without an account has one too. */
export const createFindSalt =
  ({ db, passwords }: { db: Db; passwords: Passwords }) =>
  async (typed: string): Promise<string> => {
    const login = canonicalLogin(typed)
    if (login.kind === 'name') return passwords.saltOf('name', login.text)
    const found =
      (await findLoginKeyOfNumber(db.read, login.userId)) ??
      (await findLoginKeyOfNumber(db.write, login.userId))
    const [kind = 'number', text = login.text] = found ? splitKey(found.toString()) : []
    return passwords.saltOf(kind, text)
  }

const splitKey = (key: string) => [key.slice(0, key.indexOf(':')), key.slice(key.indexOf(':') + 1)]

export const createPrelogin =
  ({ passwords, findSalt }: { passwords: Passwords; findSalt(typed: string): Promise<string> }) =>
  async ({ login }: PreloginInput) => ({
    kdf: kdfName,
    cost: passwords.cost,
    salt: await findSalt(String(login)),
    ...(passwords.nextCost > 0 && { next: { cost: passwords.nextCost } }),
  })
