import type { Executor } from '../../../adapters/db/index.ts'
import { sql } from '../../../adapters/db/kysely.ts'
import { createStatement } from '../../../adapters/db/statement.ts'
import type { ListName } from '../../../protocol/friend-lists.ts'
import type { FriendRequestRow } from '../tables.ts'

/** Where a list goes on: behind this row. Newest first; of one moment, the higher number first. */
export type Position = { at: number; id: number }

export const beginning: Position = { at: Number.MAX_SAFE_INTEGER, id: Number.MAX_SAFE_INTEGER }

type Values = { userId: number; at: number; id: number; most: number }

/** Columns, as an index of 0030 or 0031 has them: whose list it is, since when, and who stands in it. */
type Columns = { table: 'relations' | 'blocks' | 'friendRequests'; own: string; at: string; id: string }

const columns = {
  following: { table: 'relations', own: 'userId', at: 'followedAt', id: 'otherId' },
  fans: { table: 'relations', own: 'otherId', at: 'followedAt', id: 'userId' },
  friends: { table: 'relations', own: 'userId', at: 'friendAt', id: 'otherId' },
  mutual: { table: 'relations', own: 'userId', at: 'mutualAt', id: 'otherId' },
  blocked: { table: 'blocks', own: 'userId', at: 'blockedAt', id: 'otherId' },
} as const satisfies Record<ListName, Columns>

/**
 * The rows behind a position, by the index alone. `at <= …` says nothing new: SQLite needs it to begin at the position,
 * MySQL the other two.
 */
const behind = ({ own, at, id }: Columns, values: Values) => {
  const [atRef, idRef] = [sql.ref<number>(at), sql.ref<number>(id)]
  return sql<boolean>`${sql.ref(own)} = ${values.userId} and ${atRef} <= ${values.at}
    and (${atRef} < ${values.at} or (${atRef} = ${values.at} and ${idRef} < ${values.id}))`
}

const buildList = (list: Columns) =>
  createStatement((db, values: Values) =>
    db
      .selectFrom(list.table)
      .select([sql.ref<number>(list.id).as('id'), sql.ref<number>(list.at).as('at')])
      .where(behind(list, values))
      .orderBy(sql.ref(list.at), 'desc')
      .orderBy(sql.ref(list.id), 'desc')
      .limit(values.most),
  )

const statements: Record<ListName, ReturnType<typeof buildList>> = {
  following: buildList(columns.following),
  fans: buildList(columns.fans),
  friends: buildList(columns.friends),
  mutual: buildList(columns.mutual),
  blocked: buildList(columns.blocked),
}

export const findListed = async (
  db: Executor,
  list: ListName,
  userId: number,
  { at, id }: Position,
  most: number,
): Promise<Position[]> => (await statements[list](db, { userId, at, id, most })).rows

const received = { table: 'friendRequests', own: 'toId', at: 'askedAt', id: 'fromId' } as const
const sent = { table: 'friendRequests', own: 'fromId', at: 'askedAt', id: 'toId' } as const

const buildRequests = (list: typeof received | typeof sent) =>
  createStatement((db, { nowMs, ...values }: Values & { nowMs: number }) => {
    const rows = db
      .selectFrom('friendRequests')
      .select([
        sql.ref<number>(list.id).as('id'),
        sql.ref<number>(list.at).as('at'),
        'message',
        'state',
        'expiresAt',
      ])
      .where(behind(list, values))
      .where('expiresAt', '>', nowMs)
      .orderBy(sql.ref(list.at), 'desc')
      .orderBy(sql.ref(list.id), 'desc')
      .limit(values.most)
    return list === received ? rows.where('state', '=', 'open') : rows
  })

const requestStatements = { received: buildRequests(received), sent: buildRequests(sent) }

export type RequestPosition = Position & Pick<FriendRequestRow, 'message' | 'state' | 'expiresAt'>

/** Those that wait for the receiver; of the sender also those that were ignored or refused. */
export const findRequests = async (
  db: Executor,
  list: keyof typeof requestStatements,
  userId: number,
  { at, id, nowMs, most }: Position & { nowMs: number; most: number },
): Promise<RequestPosition[]> => (await requestStatements[list](db, { userId, at, id, nowMs, most })).rows
