import type { Executor } from '../../adapters/db/index.ts'
import { sql } from '../../adapters/db/kysely.ts'
import { createStatement } from '../../adapters/db/statement.ts'
import type { EventRow } from './tables.ts'

/** Events of one user that are kept. The statement that adds one keeps the bound: the newest takes the oldest's row. */
export const mostPerUser = 1_000

const countStatement = createStatement((db, { userId }: { userId: number }) =>
  db
    .insertInto('eventLists')
    .values({ userId, lastNumber: 1, readNumber: 0 })
    .onConflict((conflict) =>
      conflict
        .column('userId')
        .doUpdateSet((eb) => ({ lastNumber: sql<number>`${eb.ref('eventLists.lastNumber')} + 1` })),
    ),
)

export type ToInsert = Omit<EventRow, 'slot' | 'number'>

const columns = [
  'userId',
  'slot',
  'number',
  'eventId',
  'kind',
  'appId',
  'otherId',
  'happenedAt',
  'detail',
] as const

const insertStatement = createStatement((db, event: ToInsert) =>
  db
    .insertInto('userEvents')
    .columns(columns)
    .expression((eb) =>
      eb
        .selectFrom('eventLists')
        .select((list) => [
          'eventLists.userId',
          sql<number>`${list.ref('eventLists.lastNumber')} % ${sql.lit(mostPerUser)}`.as('slot'),
          'eventLists.lastNumber as number',
          eb.val(event.eventId).as('eventId'),
          eb.val(event.kind).as('kind'),
          eb.val(event.appId).as('appId'),
          eb.val(event.otherId).as('otherId'),
          eb.val(event.happenedAt).as('happenedAt'),
          eb.val(event.detail).as('detail'),
        ])
        .where('eventLists.userId', '=', event.userId),
    )
    .onConflict((conflict) =>
      conflict.columns(['userId', 'slot']).doUpdateSet((eb) => ({
        number: eb.ref('excluded.number'),
        eventId: eb.ref('excluded.eventId'),
        kind: eb.ref('excluded.kind'),
        appId: eb.ref('excluded.appId'),
        otherId: eb.ref('excluded.otherId'),
        happenedAt: eb.ref('excluded.happenedAt'),
        detail: eb.ref('excluded.detail'),
      })),
    ),
)

/** Gives the event the next number of its user, whose list is locked until the transaction ends. */
export const insertEvent = async (trx: Executor, event: ToInsert): Promise<void> => {
  await countStatement(trx, { userId: event.userId })
  await insertStatement(trx, event)
}

export const removeOldEvents = async (db: Executor, before: number, most: number): Promise<number> => {
  const { numDeletedRows } = await db
    .deleteFrom('userEvents')
    .where('happenedAt', '<', before)
    .orderBy('happenedAt')
    .limit(most)
    .executeTakeFirst()
  return Number(numDeletedRows)
}
