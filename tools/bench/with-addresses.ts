/** Gives users of a benchmark an e-mail address each, as a code that was right would. */
import { openDb } from '../../src/adapters/db/open.ts'
import { loadConfig } from '../../src/config/load.ts'

type Named = { userName: string; clientHash: string }

export const giveAddresses = async (
  environment: Record<string, string>,
  users: readonly Named[],
): Promise<(Named & { address: string })[]> => {
  const db = await openDb({ config: loadConfig(environment).database })
  const createdAt = Date.now()
  try {
    for (const { userName } of users) {
      const text = `${userName}@mail.example`
      const own = await db.write
        .selectFrom('verifiers')
        .select(['userId', 'verifier'])
        .where('loginKey', '=', Buffer.from(`name:${userName}`))
        .executeTakeFirstOrThrow()
      const row = { loginKey: Buffer.from(`email:${text}`), userId: own.userId, createdAt }
      await db.write
        .insertInto('verifiers')
        .values({ ...row, verifier: own.verifier, nextVerifier: null, saltFrom: null, updatedAt: createdAt })
        .execute()
      await db.write
        .insertInto('addresses')
        .values({ ...row, kind: 'email', text, verifiedAt: createdAt })
        .execute()
    }
  } finally {
    await db.close()
  }
  return users.map((user) => ({ ...user, address: `${user.userName}@mail.example` }))
}
