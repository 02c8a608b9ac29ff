import type { Executor } from '../../adapters/db/index.ts'
import { sql } from '../../adapters/db/kysely.ts'
import type { ExportPartRow, ExportRow } from './tables.ts'

export const findExport = (db: Executor, userId: number): Promise<ExportRow | undefined> =>
  db.selectFrom('exports').selectAll().where('userId', '=', userId).executeTakeFirst()

type Bounds = { maxWaiting: number; maxBytesInAll: number }

/** False: as many are being made, or as much is kept, as may be. Fails as a duplicate where the user has an export. */
export const insertExport = async (db: Executor, row: ExportRow, bounds: Bounds): Promise<boolean> => {
  const columns = Object.keys(row) as (keyof ExportRow)[]
  const { numInsertedOrUpdatedRows } = await db
    .insertInto('exports')
    .columns(columns)
    .expression((eb) =>
      eb
        .selectFrom(sql<{ one: number }>`(select 1 as one)`.as('asked'))
        .select(columns.map((column) => eb.val(row[column]).as(column)))
        .where(
          (inner) =>
            inner
              .selectFrom('exports as w')
              .select(inner.fn.countAll<number>().as('n'))
              .where('w.readyAt', 'is', null),
          '<',
          bounds.maxWaiting,
        )
        .where(
          (inner) =>
            inner
              .selectFrom('exports as b')
              .select(({ fn }) => fn.coalesce(fn.sum<number>('b.bytes'), sql<number>`0`).as('n'))
              .where('b.expiresAt', '>', 0),
          '<',
          bounds.maxBytesInAll,
        ),
    )
    .executeTakeFirst()
  return Number(numInsertedOrUpdatedRows ?? 0) > 0
}

/** The export that waits longest; undefined: none waits. */
export const findWaiting = (db: Executor, nowMs: number): Promise<ExportRow | undefined> =>
  db
    .selectFrom('exports')
    .selectAll()
    .where('readyAt', 'is', null)
    .where('claimedUntil', '<=', nowMs)
    .orderBy('claimedUntil')
    .limit(1)
    .executeTakeFirst()

type Progress = Partial<Omit<ExportRow, 'userId' | 'exportId'>>

/** Goes on with an export, if no other process has done so. */
export const moveExport = async (
  db: Executor,
  { exportId, claimedUntil }: Pick<ExportRow, 'exportId' | 'claimedUntil'>,
  progress: Progress,
): Promise<boolean> => {
  const { numUpdatedRows } = await db
    .updateTable('exports')
    .set(progress)
    .where('exportId', '=', exportId)
    .where('claimedUntil', '=', claimedUntil)
    .where('readyAt', 'is', null)
    .executeTakeFirst()
  return Number(numUpdatedRows) > 0
}

export const insertParts = async (trx: Executor, rows: readonly ExportPartRow[]): Promise<void> => {
  for (const row of rows) await trx.insertInto('exportParts').values(row).execute()
}

export const findPart = async (db: Executor, exportId: Buffer, part: number): Promise<Buffer | undefined> => {
  const row = await db
    .selectFrom('exportParts')
    .select('body')
    .where('exportId', '=', exportId)
    .where('part', '=', part)
    .executeTakeFirst()
  return row?.body
}

const mostAtOnce = 10

/** Parts first, so that no part is left without its export. */
const removeExports = async (db: Executor, found: readonly ExportRow[], most: number): Promise<number> => {
  let removed = 0
  for (const { userId, exportId } of found) {
    // From now on no process adds to it.
    await db
      .updateTable('exports')
      .set({ readyAt: 0, expiresAt: 0 })
      .where('userId', '=', userId)
      .where('exportId', '=', exportId)
      .execute()
    const { numDeletedRows } = await db
      .deleteFrom('exportParts')
      .where('exportId', '=', exportId)
      .orderBy('part')
      .limit(most)
      .executeTakeFirst()
    removed += Number(numDeletedRows)
    if (Number(numDeletedRows) >= most) return removed
    await db.deleteFrom('exports').where('userId', '=', userId).where('exportId', '=', exportId).execute()
    removed++
  }
  return removed
}

export const removeOldExports = async (db: Executor, before: number, most: number): Promise<number> => {
  const found = await db
    .selectFrom('exports')
    .selectAll()
    .where('expiresAt', '<', before)
    .orderBy('expiresAt')
    .limit(mostAtOnce)
    .execute()
  return removeExports(db, found, most)
}

/** Of a user who is erased. */
export const removeExportsOf = async (db: Executor, userId: number, most: number): Promise<number> => {
  const found = await findExport(db, userId)
  return found ? removeExports(db, [found], most) : 0
}
