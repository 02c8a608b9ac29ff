import type { Executor } from '../../adapters/db/index.ts'
import { createStatement } from '../../adapters/db/statement.ts'
import type { OutboxRow } from './tables.ts'

const insertStatement = createStatement((db, row: OutboxRow) => db.insertInto('outbox').values(row))

/** Part of the transaction of what the message tells of. */
export const insertMessage = async (trx: Executor, row: OutboxRow): Promise<void> => {
  await insertStatement(trx, row)
}

/** The newest first. */
export const findMessages = (db: Executor, most: number): Promise<OutboxRow[]> =>
  db.selectFrom('outbox').selectAll().orderBy('messageId', 'desc').limit(most).execute()

export const removeOldMessages = async (db: Executor, before: number, most: number): Promise<number> => {
  const { numDeletedRows } = await db
    .deleteFrom('outbox')
    .where('endedAt', '<', before)
    .orderBy('endedAt')
    .limit(most)
    .executeTakeFirst()
  return Number(numDeletedRows)
}
