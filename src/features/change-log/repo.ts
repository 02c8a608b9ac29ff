import type { Executor } from '../../adapters/db/index.ts'
import { sql } from '../../adapters/db/kysely.ts'

export type Change = { version: number; kind: string; subject: string; changedAt: number }
/** `last`: the number of the newest change that was ever recorded. */
type ChangeLog = { last: number; changes: Change[] }

const counter = 'changeLog.version'

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
    .insertInto('changeLog')
    .values({ version: Number(value), kind, subject, changedAt: nowMs })
    .execute()
}

/** The log from a version on, that one included, and its counter: of one moment, in one statement. */
export const findChanges = async (db: Executor, fromVersion: number): Promise<ChangeLog> => {
  const rows = await db
    .selectFrom('settings')
    .leftJoin('changeLog', (join) => join.on('changeLog.version', '>=', fromVersion))
    .select([
      'settings.value',
      'changeLog.version',
      'changeLog.kind',
      'changeLog.subject',
      'changeLog.changedAt',
    ])
    .where('settings.name', '=', counter)
    .orderBy('changeLog.version')
    .limit(1_000)
    .execute()
  return {
    last: Number(rows[0]?.value ?? 0),
    changes: rows.flatMap(({ version, kind, subject, changedAt }) =>
      version === null || kind === null || subject === null || changedAt === null
        ? []
        : [{ version, kind, subject, changedAt }],
    ),
  }
}

export const findLastVersion = async (db: Executor): Promise<number> => {
  const row = await db.selectFrom('settings').select('value').where('name', '=', counter).executeTakeFirst()
  return Number(row?.value ?? 0)
}

export const removeOldChanges = async (db: Executor, beforeMs: number): Promise<void> => {
  await db.deleteFrom('changeLog').where('changedAt', '<', beforeMs).execute()
}

export const findChangedAccounts = async (db: Executor, sinceMs: number): Promise<number[]> => {
  const changes = await db
    .selectFrom('changeLog')
    .select('subject')
    .where('kind', '=', 'account')
    .where('changedAt', '>', sinceMs)
    .orderBy('version')
    .execute()
  return [...new Set(changes.map(({ subject }) => Number(subject)))]
}
