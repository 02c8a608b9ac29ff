import type { Executor } from '../../adapters/db/index.ts'
import type { ChangeRow } from './tables.ts'

export type Change = ChangeRow
/** `last`: the number of the newest change that was ever recorded. */
type ChangeLog = { last: number; changes: Change[] }

/** The setting that counts changes. */
export const counter = 'changeLog.version'

export const insertChange = async (trx: Executor, change: Change): Promise<void> => {
  await trx.insertInto('changeLog').values(change).execute()
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

export const removeOldChanges = async (db: Executor, before: number, most: number): Promise<number> => {
  const { numDeletedRows } = await db
    .deleteFrom('changeLog')
    .where('changedAt', '<', before)
    .orderBy('changedAt')
    .limit(most)
    .executeTakeFirst()
  return Number(numDeletedRows)
}

/** Everything of a kind that has changed since, each subject once. */
export const findChangedSubjects = async (db: Executor, kind: string, sinceMs: number): Promise<string[]> => {
  const changes = await db
    .selectFrom('changeLog')
    .select('subject')
    .where('kind', '=', kind)
    .where('changedAt', '>', sinceMs)
    .orderBy('changedAt')
    .execute()
  return [...new Set(changes.map(({ subject }) => subject))]
}
