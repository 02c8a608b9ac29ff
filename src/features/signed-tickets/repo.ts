import type { Executor } from '../../adapters/db/index.ts'

export type Ended = { loginId: Buffer; endedAt: number }
type Asked = { sinceMs: number; most: number }

/** Logins of these apps that have ended since, and of all whose pages may have taken logins over; the latest first. */
export const findEndedOf = (
  db: Executor,
  appIds: readonly string[],
  { sinceMs, most }: Asked,
): Promise<Ended[]> =>
  db
    .selectFrom('logins')
    .select('loginId')
    .select((eb) => eb.ref('endedAt').$castTo<number>().as('endedAt'))
    .where('endedAt', '>', sinceMs)
    .where((eb) =>
      eb.or([
        eb('appId', 'in', appIds),
        eb('appId', 'in', eb.selectFrom('apps').select('apps.appId').where('jumpsTo', 'is not', null)),
      ]),
    )
    .orderBy('endedAt', 'desc')
    .limit(most)
    .execute()

/** Logins that have ended since of users who have a consent for a third-party app, or had one lately. */
export const findEndedOfConsents = (
  db: Executor,
  appId: string,
  { sinceMs, most }: Asked,
): Promise<Ended[]> =>
  db
    .selectFrom('logins')
    .innerJoin('consents', 'consents.userId', 'logins.userId')
    .select('logins.loginId')
    .select((eb) => eb.ref('logins.endedAt').$castTo<number>().as('endedAt'))
    .where('logins.endedAt', '>', sinceMs)
    .where('consents.appId', '=', appId)
    .orderBy('logins.endedAt', 'desc')
    .limit(most)
    .execute()

/** Consents for an app that were revoked since: OpenKeys of a lower epoch have ended. */
export const findRevoked = (db: Executor, appId: string, { sinceMs, most }: Asked) =>
  db
    .selectFrom('consents')
    .select(['openId', 'epoch'])
    .select((eb) => eb.ref('revokedAt').$castTo<number>().as('endedAt'))
    .where('appId', '=', appId)
    .where('revokedAt', '>', sinceMs)
    .orderBy('revokedAt', 'desc')
    .limit(most)
    .execute()
