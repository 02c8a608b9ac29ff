import type { Executor } from '../../../adapters/db/index.ts'

type Wanted = { userId: number; most: number; liveAt?: number }

/** The newest first; with `liveAt` only those that live then. */
export const findLoginsOfUser = (db: Executor, { userId, most, liveAt }: Wanted) =>
  db
    .selectFrom('logins')
    .leftJoin('devices', 'devices.deviceId', 'logins.deviceId')
    .select([
      'logins.loginId',
      'logins.appId',
      'logins.deviceId',
      'logins.deviceType',
      'deviceName',
      'givenName',
    ])
    .select([
      'keyPrint',
      'network',
      'authenticatedAt',
      'a2RotatedAt',
      'logins.expiresAt',
      'endedAt',
      'endReason',
    ])
    .select(['devices.os', 'devices.lastSeenAt', 'logins.lastSeenAt as ticketSeenAt'])
    .where('userId', '=', userId)
    .$if(liveAt !== undefined, (query) =>
      query.where('endedAt', 'is', null).where('logins.expiresAt', '>', liveAt ?? 0),
    )
    .orderBy('authenticatedAt', 'desc')
    .limit(most)
    .execute()

export const updateDeviceSlots = async (
  trx: Executor,
  userId: number,
  { deviceSlots, nowMs }: { deviceSlots: string | null; nowMs: number },
): Promise<void> => {
  await trx
    .updateTable('accounts')
    .set({ deviceSlots, updatedAt: nowMs })
    .where('userId', '=', userId)
    .execute()
}

export const isLoginOf = async (db: Executor, userId: number, loginId: Buffer): Promise<boolean> => {
  const row = await db
    .selectFrom('logins')
    .select('loginId')
    .where('loginId', '=', loginId)
    .where('userId', '=', userId)
    .executeTakeFirst()
  return row !== undefined
}
