import type { Executor } from '../../adapters/db/index.ts'
import { sql } from '../../adapters/db/kysely.ts'

export type Change = { version: number; kind: string; subject: string }

const counter = 'changes.version'

/**
 * Numbers a change. The counter's row is locked until the transaction ends, so versions are committed in their
 * order and nobody who has read one can later find a smaller one.
 */
export const insertChange = async (trx: Executor, kind: string, subject: string, nowMs: number) => {
  await trx
    .insertInto('settings')
    .values({ name: counter, value: '1' })
    .onConflict((conflict) =>
      conflict.column('name').doUpdateSet((eb) => ({ value: sql<string>`${eb.ref('settings.value')} + 1` })),
    )
    .execute()
  const { value } = await trx
    .selectFrom('settings')
    .select('value')
    .where('name', '=', counter)
    .executeTakeFirstOrThrow()
  await trx
    .insertInto('changes')
    .values({ version: Number(value), kind, subject, changedAt: nowMs })
    .execute()
}

export const findChanges = (db: Executor, afterVersion: number): Promise<Change[]> =>
  db
    .selectFrom('changes')
    .select(['version', 'kind', 'subject'])
    .where('version', '>', afterVersion)
    .orderBy('version')
    .limit(1_000)
    .execute()

export const findLastVersion = async (db: Executor): Promise<number> => {
  const row = await db.selectFrom('settings').select('value').where('name', '=', counter).executeTakeFirst()
  return Number(row?.value ?? 0)
}

export const removeOldChanges = async (db: Executor, beforeMs: number): Promise<void> => {
  await db.deleteFrom('changes').where('changedAt', '<', beforeMs).execute()
}

export const findAccountChangesSince = (db: Executor, sinceMs: number): Promise<Change[]> =>
  db
    .selectFrom('changes')
    .select(['version', 'kind', 'subject'])
    .where('kind', '=', 'account')
    .where('changedAt', '>', sinceMs)
    .orderBy('version')
    .execute()

export const findChangedAccounts = async (db: Executor, sinceMs: number): Promise<number[]> => {
  const changes = await findAccountChangesSince(db, sinceMs)
  return [...new Set(changes.map(({ subject }) => Number(subject)))]
}
