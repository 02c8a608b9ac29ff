import type { Executor } from '../../../adapters/db/index.ts'

/**
 * Whether a login is not the first of its account on its device. Callers without a `t` or key are one device for each
 * app, kind and name that they give.
 */
export const hasLoggedInBefore = async (trx: Executor, userId: number, loginId: Buffer): Promise<boolean> => {
  const row = await trx
    .selectFrom('logins as made')
    .innerJoin('logins as before', 'before.userId', 'made.userId')
    .select('before.loginId')
    .where('made.loginId', '=', loginId)
    .where('before.userId', '=', userId)
    .where('before.loginId', '!=', loginId)
    .where((eb) =>
      eb.or([
        eb('before.deviceId', '=', eb.ref('made.deviceId')),
        eb.and([
          eb('before.deviceId', 'is', null),
          eb('made.deviceId', 'is', null),
          eb('before.appId', '=', eb.ref('made.appId')),
          eb('before.deviceType', '=', eb.ref('made.deviceType')),
          eb('before.deviceName', '=', eb.ref('made.deviceName')),
        ]),
      ]),
    )
    .limit(1)
    .executeTakeFirst()
  return row !== undefined
}

/** Undefined: the login is too long ago. */
export const findUserOfLogin = async (db: Executor, loginId: Buffer): Promise<number | undefined> =>
  (await db.selectFrom('logins').select('userId').where('loginId', '=', loginId).executeTakeFirst())?.userId
