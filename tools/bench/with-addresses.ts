/** Gives users of a benchmark an e-mail address each, as a code that was right would. */
import { openDb } from '../../src/adapters/db/open.ts'
import { loadConfig } from '../../src/config/load.ts'
import { findCredentials } from '../../src/features/accounts/credentials/repo.ts'
import { findUserIdOfKey, insertVerifiers } from '../../src/features/accounts/repo.ts'
import { insertAddress } from '../../src/features/addresses/repo.ts'

type Named = { userName: string; clientHash: string }

const domain = 'mail.example'

export const giveAddresses = async (
  environment: Record<string, string>,
  users: readonly Named[],
): Promise<(Named & { address: string })[]> => {
  const db = await openDb({ config: loadConfig(environment).database })
  const nowMs = Date.now()
  try {
    for (const { userName } of users) {
      const nameKey = Buffer.from(`name:${userName}`)
      const userId = (await findUserIdOfKey(db.write, nameKey)) ?? 0
      const own = (await findCredentials(db.write, userId))?.logins.find((it) => it.loginKey.equals(nameKey))
      if (!own) throw new Error(`no user ${userName}`)
      const text = `${userName}@${domain}`
      const loginKey = Buffer.from(`email:${text}`)
      await insertVerifiers(db.write, [{ ...own, loginKey, saltFrom: null }], { userId, nowMs })
      const kind = 'email' as const
      await insertAddress(db.write, { loginKey, userId, kind, text, verifiedAt: nowMs, createdAt: nowMs })
    }
  } finally {
    await db.close()
  }
  return users.map((user) => ({ ...user, address: `${user.userName}@${domain}` }))
}
