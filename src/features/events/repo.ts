import type { Executor, Tables } from '../../adapters/db/index.ts'
import { type ExpressionBuilder, sql } from '../../adapters/db/kysely.ts'
import { createStatement } from '../../adapters/db/statement.ts'
import type { EventListRow, EventRow } from './tables.ts'

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

/** How far a list has come, and how far its user has read. */
export type Seen = Pick<EventListRow, 'lastNumber' | 'readNumber'>
export type ListedEvent = Omit<EventRow, 'userId' | 'slot'>
export type EventList = Seen & { unread: number; events: ListedEvent[] }

/** Counted by the index alone, and never more than `mostPerUser`. */
const countUnread = (eb: ExpressionBuilder<Tables, 'eventLists'>) =>
  eb
    .selectFrom('userEvents as fresh')
    .select((fresh) => fresh.fn.countAll<number>().as('count'))
    .whereRef('fresh.userId', '=', 'eventLists.userId')
    .whereRef('fresh.number', '>', 'eventLists.readNumber')

type Behind = { userId: number; after: number; limit: number }

const listStatement = createStatement((db, { userId, after, limit }: Behind) =>
  db
    .selectFrom('eventLists')
    .leftJoin('userEvents', (join) =>
      join.onRef('userEvents.userId', '=', 'eventLists.userId').on('userEvents.number', '>', after),
    )
    .select(['eventLists.lastNumber', 'eventLists.readNumber'])
    .select((eb) => countUnread(eb).as('unread'))
    .select(['userEvents.number', 'userEvents.eventId', 'userEvents.kind', 'userEvents.appId'])
    .select(['userEvents.otherId', 'userEvents.happenedAt', 'userEvents.detail'])
    .where('eventLists.userId', '=', userId)
    .orderBy('userEvents.number')
    .limit(limit),
)

/** A user who has had no event has an empty list. One statement: what it shows is of one moment. */
export const findEventList = async (db: Executor, behind: Behind): Promise<EventList> => {
  const { rows } = await listStatement(db, behind)
  const { lastNumber = 0, readNumber = 0, unread = 0 } = rows[0] ?? {}
  const events = rows.flatMap(({ number, eventId, kind, happenedAt, detail, appId, otherId }) =>
    number === null || eventId === null || kind === null || happenedAt === null || detail === null
      ? []
      : [{ number, eventId, kind, happenedAt, detail, appId, otherId }],
  )
  return { lastNumber, readNumber, unread: Number(unread), events }
}

const readStatement = createStatement((db, { userId, readUpTo }: { userId: number; readUpTo: number }) =>
  db
    .updateTable('eventLists')
    .set({ readNumber: readUpTo })
    .where('userId', '=', userId)
    .where('readNumber', '<', readUpTo)
    .where('lastNumber', '>=', readUpTo),
)

/** Never back, and never beyond the newest event. */
export const markRead = async (db: Executor, read: { userId: number; readUpTo: number }): Promise<void> => {
  await readStatement(db, read)
}

export const findUnread = async (db: Executor, userId: number): Promise<Seen & { unread: number }> => {
  const row = await db
    .selectFrom('eventLists')
    .select(['lastNumber', 'readNumber'])
    .select((eb) => countUnread(eb).as('unread'))
    .where('userId', '=', userId)
    .executeTakeFirst()
  const { lastNumber = 0, readNumber = 0, unread = 0 } = row ?? {}
  return { lastNumber, readNumber, unread: Number(unread) }
}

/**
 * Users in one look. MariaDB makes a table of a longer list. Lists are padded to one of three lengths: each length is a
 * prepared statement of its own on every connection.
 */
export const mostInLook = 1_000
const lookLengths = [10, 100, mostInLook]
/** The number of no user. */
const padding = 0

/** The lists of these users, of at most `mostInLook`; who has none is left out. */
export const findSeen = async (
  db: Executor,
  userIds: readonly number[],
): Promise<ReadonlyMap<number, Seen>> => {
  const length = lookLengths.find((one) => one >= userIds.length) ?? userIds.length
  const padded = [...userIds, ...Array<number>(length - userIds.length).fill(padding)]
  const rows = await db
    .selectFrom('eventLists')
    .select(['userId', 'lastNumber', 'readNumber'])
    .where('userId', 'in', padded)
    .execute()
  return new Map(rows.map(({ userId, ...seen }) => [userId, seen]))
}

const pageSize = 1_000

/** For the export of the user. */
export const collectEvents = async (db: Executor, userId: number, after = '0') => {
  const rows = await db
    .selectFrom('userEvents')
    .select(['number', 'kind', 'appId', 'otherId', 'happenedAt', 'detail'])
    .where('userId', '=', userId)
    .where('number', '>', Number(after))
    .orderBy('number')
    .limit(pageSize)
    .execute()
  const last = rows.length === pageSize ? rows.at(-1) : undefined
  return { rows, next: last && String(last.number) }
}

export const removeEventsOf = async (db: Executor, userId: number, most: number): Promise<number> => {
  const { numDeletedRows } = await db
    .deleteFrom('userEvents')
    .where('userId', '=', userId)
    .orderBy('number')
    .limit(most)
    .executeTakeFirst()
  return Number(numDeletedRows)
}

export const collectEventList = async (db: Executor, userId: number) => ({
  rows: await db
    .selectFrom('eventLists')
    .select(['lastNumber', 'readNumber'])
    .where('userId', '=', userId)
    .execute(),
})

export const removeEventListOf = async (db: Executor, userId: number): Promise<number> => {
  const { numDeletedRows } = await db.deleteFrom('eventLists').where('userId', '=', userId).executeTakeFirst()
  return Number(numDeletedRows)
}
