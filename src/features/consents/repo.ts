import type { Executor } from '../../adapters/db/index.ts'
import { createStatement } from '../../adapters/db/statement.ts'
import type { ConsentRow } from './tables.ts'

const consentStatement = createStatement((db, { userId, appId }: { userId: number; appId: string }) =>
  db.selectFrom('consents').selectAll().where('userId', '=', userId).where('appId', '=', appId),
)

export const findConsent = async (
  db: Executor,
  userId: number,
  appId: string,
): Promise<ConsentRow | undefined> => (await consentStatement(db, { userId, appId })).rows[0]

/** More than any user meets: each is an app that an administrator has added. */
const mostListed = 500

/** Those that have not been revoked, the newest first. */
export const findConsentsOf = (db: Executor, userId: number): Promise<ConsentRow[]> =>
  db
    .selectFrom('consents')
    .selectAll()
    .where('userId', '=', userId)
    .where('scopes', '<>', '')
    .orderBy('grantedAt', 'desc')
    .orderBy('appId')
    .limit(mostListed)
    .execute()

/**
 * The row of a consent, locked until the transaction ends, so that of two grants none loses its scopes. A new one has no
 * scopes yet.
 */
export const lockConsent = async (
  trx: Executor,
  row: Pick<ConsentRow, 'userId' | 'appId' | 'openId' | 'grantedAt'>,
): Promise<ConsentRow> => {
  await trx
    .insertInto('consents')
    .values({ ...row, scopes: '', epoch: 1, revokedAt: null })
    .onConflict((conflict) =>
      conflict
        .columns(['userId', 'appId'])
        .doUpdateSet((eb) => ({ grantedAt: eb.ref('excluded.grantedAt') })),
    )
    .execute()
  return trx
    .selectFrom('consents')
    .selectAll()
    .where('userId', '=', row.userId)
    .where('appId', '=', row.appId)
    .executeTakeFirstOrThrow()
}

export const setScopes = async (
  trx: Executor,
  { userId, appId }: Pick<ConsentRow, 'userId' | 'appId'>,
  scopes: string,
): Promise<void> => {
  await trx
    .updateTable('consents')
    .set({ scopes })
    .where('userId', '=', userId)
    .where('appId', '=', appId)
    .execute()
}

/** False: there was nothing to revoke. */
export const revokeConsent = async (
  trx: Executor,
  { userId, appId, revokedAt }: { userId: number; appId: string; revokedAt: number },
): Promise<boolean> => {
  const { numUpdatedRows } = await trx
    .updateTable('consents')
    .set((eb) => ({ scopes: '', epoch: eb('epoch', '+', 1), revokedAt }))
    .where('userId', '=', userId)
    .where('appId', '=', appId)
    .where('scopes', '<>', '')
    .executeTakeFirst()
  return Number(numUpdatedRows) > 0
}

/** The subject of its changes. */
export const subjectOf = (userId: number, appId: string) => `${userId} ${appId}`

/** The epoch of a consent, with the tag of its account. */
export const findConsentGate = (
  db: Executor,
  subject: string,
): Promise<{ tag: Buffer; appId: string; epoch: number } | undefined> => {
  const [userId = '', appId = ''] = subject.split(' ')
  return db
    .selectFrom('consents')
    .innerJoin('accounts', 'accounts.userId', 'consents.userId')
    .select(['accounts.tag', 'consents.appId', 'consents.epoch'])
    .where('consents.userId', '=', Number(userId))
    .where('consents.appId', '=', appId)
    .executeTakeFirst()
}

/** The rows go a day later, when no JWT is left that the list of revocations would have to name. */
export const revokeConsentsOf = async (
  trx: Executor,
  { userId, revokedAt }: { userId: number; revokedAt: number },
): Promise<void> => {
  await trx
    .updateTable('consents')
    .set((eb) => ({ scopes: '', epoch: eb('epoch', '+', 1), revokedAt }))
    .where('userId', '=', userId)
    .where('scopes', '<>', '')
    .execute()
}

/** A new consent has the same OpenID, and begins with the first epoch again: its gate is gone, too. */
export const removeRevokedConsents = async (db: Executor, before: number, most: number): Promise<number> => {
  const { numDeletedRows } = await db
    .deleteFrom('consents')
    .where('revokedAt', '<', before)
    .where('scopes', '=', '')
    .orderBy('revokedAt')
    .limit(most)
    .executeTakeFirst()
  return Number(numDeletedRows)
}

export const removeConsentsOfApp = async (db: Executor, appId: string, most: number): Promise<number> => {
  const { numDeletedRows } = await db
    .deleteFrom('consents')
    .where('appId', '=', appId)
    .orderBy('openId')
    .limit(most)
    .executeTakeFirst()
  return Number(numDeletedRows)
}
