import type { Db } from '../../adapters/db/index.ts'
import { kdfName } from '../../protocol/password-kdf.ts'
import { canonicalLogin } from './names.ts'
import type { Passwords } from './passwords.ts'
import { findLoginKeyOfNumber } from './repo.ts'
import type { PreloginInput, PreloginReply } from './wire.ts'

/** The salt of a typed login: a user number has that of its user name; a login without an account has one too. */
export const createFindSalt =
  ({ db, passwords }: { db: Db; passwords: Passwords }) =>
  async (typed: string): Promise<string> => {
    const login = canonicalLogin(typed)
    if (login.kind === 'name') return passwords.saltOf('name', login.text)
    // From the primary alone: a replica that is asked first would make a free number slower than a taken one.
    const found = await findLoginKeyOfNumber(db.write, login.userId)
    const [kind = 'number', text = login.text] = found ? splitKey(found.toString()) : []
    return passwords.saltOf(kind, text)
  }

const splitKey = (key: string) => [key.slice(0, key.indexOf(':')), key.slice(key.indexOf(':') + 1)]

export const createPrelogin =
  ({ passwords, findSalt }: { passwords: Passwords; findSalt(typed: string): Promise<string> }) =>
  async ({ login }: PreloginInput): Promise<PreloginReply> => {
    const reply: PreloginReply = {
      kdf: kdfName,
      cost: passwords.cost,
      salt: await findSalt(String(login)),
    }
    if (passwords.nextCost > 0) reply.next = { cost: passwords.nextCost }
    return reply
  }
