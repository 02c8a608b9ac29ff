import type { Db, Executor } from '../../adapters/db/index.ts'
import { createStatement } from '../../adapters/db/statement.ts'
import type { CodeFlowRow } from './tables.ts'

const insertStatement = createStatement((db, row: CodeFlowRow) => db.insertInto('codeFlows').values(row))

export const insertFlow = async (trx: Executor, row: CodeFlowRow): Promise<void> => {
  await insertStatement(trx, row)
}

/** Which flow is meant: its purpose and its app must be those that it began with. */
export type FlowKey = { flowId: Buffer; purpose: string; appId: string }

const findStatement = createStatement((db, { flowId, purpose, appId }: FlowKey) =>
  db
    .selectFrom('codeFlows')
    .selectAll()
    .where('flowId', '=', flowId)
    .where('purpose', '=', purpose as CodeFlowRow['purpose'])
    .where('appId', '=', appId),
)

export const findFlow = async (db: Executor, key: FlowKey): Promise<CodeFlowRow | undefined> =>
  (await findStatement(db, key)).rows[0]

type Renewed = FlowKey & {
  mac: Buffer
  nowMs: number
  expiresAt: number
  bornAfter: number
  mostTries: number
}

const renewStatement = createStatement((db, renewed: Renewed) =>
  db
    .updateTable('codeFlows')
    .set({ mac: renewed.mac, sentAt: renewed.nowMs, expiresAt: renewed.expiresAt })
    .where('flowId', '=', renewed.flowId)
    .where('purpose', '=', renewed.purpose as CodeFlowRow['purpose'])
    .where('appId', '=', renewed.appId)
    .where('usedAt', 'is', null)
    .where('createdAt', '>', renewed.bornAfter)
    .where('tries', '<', renewed.mostTries),
)

/** Another code for a flow; its tries stay. False: the flow is over. */
export const renewFlow = async (trx: Executor, renewed: Renewed): Promise<boolean> =>
  Number((await renewStatement(trx, renewed)).numAffectedRows ?? 0) > 0

type Tried = FlowKey & { mac: Buffer; nowMs: number; mostTries: number }

const tryStatement = createStatement((db, tried: Tried) =>
  db
    .updateTable('codeFlows')
    .set((eb) => ({
      usedAt: eb.case().when('mac', '=', tried.mac).then(tried.nowMs).else(null).end(),
      tries: eb('tries', '+', 1),
    }))
    .where('flowId', '=', tried.flowId)
    .where('purpose', '=', tried.purpose as CodeFlowRow['purpose'])
    .where('appId', '=', tried.appId)
    .where('usedAt', 'is', null)
    .where('expiresAt', '>', tried.nowMs)
    .where('tries', '<', tried.mostTries),
)

/**
 * Counts a try, judges its code and uses the flow up, in one statement: of any number of tries at once only so many are
 * judged, and one is right. False: it was not judged.
 */
export const tryCode = async (trx: Executor, tried: Tried): Promise<boolean> =>
  Number((await tryStatement(trx, tried)).numAffectedRows ?? 0) > 0

export const removeOldFlows = async (db: Executor, before: number, most: number): Promise<number> => {
  const { numDeletedRows } = await db
    .deleteFrom('codeFlows')
    .where('createdAt', '<', before)
    .orderBy('createdAt')
    .limit(most)
    .executeTakeFirst()
  return Number(numDeletedRows)
}

/** Whether a user has logged in on this device before. A user that does not exist costs the same. */
export const hasLoggedIn = async (db: Executor, userId: number, deviceId: string): Promise<boolean> => {
  const row = await db
    .selectFrom('logins')
    .select('loginId')
    .where('userId', '=', userId)
    .where('deviceId', '=', Buffer.from(deviceId, 'hex'))
    .limit(1)
    .executeTakeFirst()
  return row !== undefined
}

type SmsAsked = { day: number; country: string; most: number }

/** Counts an SMS unless as many were sent. False: they were. */
export const countSms = async (db: Db, { day, country, most }: SmsAsked): Promise<boolean> => {
  if (most === 0) return false
  const add = async () => {
    const { numUpdatedRows } = await db.write
      .updateTable('smsDays')
      .set((eb) => ({ sent: eb('sent', '+', 1) }))
      .where('day', '=', day)
      .where('country', '=', country)
      .where('sent', '<', most)
      .executeTakeFirst()
    return Number(numUpdatedRows) > 0
  }
  if (await add()) return true
  try {
    await db.write.insertInto('smsDays').values({ day, country, sent: 1 }).execute()
    return true
  } catch (error) {
    if (!db.isDuplicate(error)) throw error
    return add()
  }
}

export const findSmsOfDay = (db: Executor, day: number): Promise<{ country: string; sent: number }[]> =>
  db.selectFrom('smsDays').select(['country', 'sent']).where('day', '=', day).orderBy('country').execute()

export const removeOldSmsDays = async (db: Executor, before: number, most: number): Promise<number> => {
  const { numDeletedRows } = await db
    .deleteFrom('smsDays')
    .where('day', '<', Math.floor(before / 86_400_000))
    .orderBy('day')
    .limit(most)
    .executeTakeFirst()
  return Number(numDeletedRows)
}
