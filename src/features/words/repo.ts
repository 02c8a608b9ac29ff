import type { Executor } from '../../adapters/db/index.ts'
import { sql } from '../../adapters/db/kysely.ts'
import { createStatement } from '../../adapters/db/statement.ts'
import type { WordHitsRow, WordListRow, WordRow } from './tables.ts'

type Engine = 'mysql' | 'sqlite'

/** Their database may belong to others: the tables are made by the first import, not by the migrations. */
const columns = {
  mysql: {
    list: 'varchar(16) character set ascii collate ascii_bin not null',
    word: 'text character set utf8mb4 collate utf8mb4_bin not null',
    end: 'engine=InnoDB',
  },
  sqlite: { list: 'text not null', word: 'text not null', end: 'without rowid' },
} as const satisfies Record<Engine, Record<string, string>>

export const createWordTables = async (db: Executor, engine: Engine) => {
  const { list, word, end } = columns[engine]
  await sql`create table if not exists ${sql.table('wordLists')}
    (list ${sql.raw(list)}, version int not null, words int not null, updated_at bigint not null, primary key (list))
    ${sql.raw(end)}`.execute(db)
  await sql`create table if not exists ${sql.table('words')}
    (list ${sql.raw(list)}, version int not null, position int not null, word ${sql.raw(word)},
    primary key (list, version, position)) ${sql.raw(end)}`.execute(db)
}

/** The version of each list that counts. */
export const findListVersions = (db: Executor) =>
  db.selectFrom('wordLists').select(['list', 'version', 'updatedAt']).orderBy('list').execute()

export const findWordsBehind = async (
  db: Executor,
  { list, version, position }: { list: string; version: number; position: number },
  most: number,
) =>
  db
    .selectFrom('words')
    .select(['position', 'word'])
    .where('list', '=', list)
    .where('version', '=', version)
    .where('position', '>', position)
    .orderBy('position')
    .limit(most)
    .execute()

/** The highest version of which there are words, also of an import that was not finished. */
export const findHighestVersion = async (db: Executor, list: string): Promise<number> => {
  const row = await db
    .selectFrom('words')
    .select('version')
    .where('list', '=', list)
    .orderBy('version', 'desc')
    .limit(1)
    .executeTakeFirst()
  return row?.version ?? 0
}

export const insertWords = (db: Executor, rows: readonly WordRow[]) =>
  db.insertInto('words').values(rows).execute()

/** From now on `version` counts. False if another version came between. */
export const switchVersion = async (
  db: Executor,
  list: WordListRow,
  before: number | undefined,
): Promise<boolean> => {
  if (before === undefined) {
    await db.insertInto('wordLists').values(list).execute()
    return true
  }
  const { numUpdatedRows } = await db
    .updateTable('wordLists')
    .set(list)
    .where('list', '=', list.list)
    .where('version', '=', before)
    .executeTakeFirst()
  return numUpdatedRows === 1n
}

/** At most 1,000 words of versions that no longer count; returns how many. */
export const deleteOldWords = async (db: Executor, list: string, current: number): Promise<number> => {
  const first = await db
    .selectFrom('words')
    .select(['version', 'position'])
    .where('list', '=', list)
    .where('version', '<', current)
    .orderBy('version')
    .orderBy('position')
    .limit(1)
    .executeTakeFirst()
  if (!first) return 0
  const { numDeletedRows } = await db
    .deleteFrom('words')
    .where('list', '=', list)
    .where('version', '=', first.version)
    .where('position', '>=', first.position)
    .where('position', '<', first.position + 1_000)
    .executeTakeFirst()
  return Number(numDeletedRows)
}

const hitsStatement = createStatement((db, row: WordHitsRow) =>
  db
    .insertInto('wordHits')
    .values(row)
    .onConflict((conflict) =>
      conflict
        .columns(['hour', 'list'])
        .doUpdateSet((eb) => ({ hits: eb('wordHits.hits', '+', eb.ref('excluded.hits')) })),
    ),
)

export const addHits = async (db: Executor, row: WordHitsRow): Promise<void> => {
  await hitsStatement(db, row)
}

/** Hits by list since an hour. */
export const findHits = async (
  db: Executor,
  sinceHour: number,
): Promise<{ list: string; hits: number }[]> => {
  const rows = await db
    .selectFrom('wordHits')
    .select((eb) => ['list', eb.fn.sum<number>('hits').as('hits')])
    .where('hour', '>=', sinceHour)
    .groupBy('list')
    .execute()
  return rows.map(({ list, hits }) => ({ list, hits: Number(hits) }))
}

/** `before` in milliseconds, as for all rows that leave by age. */
export const removeOldHits = async (db: Executor, before: number, most: number): Promise<number> => {
  const { numDeletedRows } = await db
    .deleteFrom('wordHits')
    .where('hour', '<', Math.floor(before / 3_600_000))
    .orderBy('hour')
    .limit(most)
    .executeTakeFirst()
  return Number(numDeletedRows)
}

/** When a command last changed a list, if the change log still has it. */
export const findLastWordChange = async (db: Executor): Promise<number | undefined> => {
  const row = await db
    .selectFrom('changeLog')
    .select((eb) => eb.fn.max('changedAt').as('at'))
    .where('kind', '=', 'words')
    .executeTakeFirst()
  return row?.at ?? undefined
}
