/**
 * The lists of a user: whom they follow, who follows them, friends, blocked users, requests. Rows and names come from a
 * replica, which may be late; what two users are to each other comes from the primary, since a block holds at once.
 */
import type { Clock } from '../../../adapters/clock.ts'
import type { Cursors } from '../../../adapters/cursors.ts'
import type { Db, Executor } from '../../../adapters/db/index.ts'
import type { TicketCaller } from '../../../http/caller.ts'
import type { ListName } from '../../../protocol/friend-lists.ts'
import type { JsonValue } from '../../../protocol/json.ts'
import { usuallyListed } from '../../../protocol/lists.ts'
import type { Users } from '../../users/api.ts'
import type { Relations } from '../api.ts'
import { checkFriends, grantsOf } from '../grants.ts'
import type { FriendRequestRow } from '../tables.ts'
import type { ListInput, RequestsInput } from '../wire.ts'
import { readPage } from './page.ts'
import { beginning, findListed, findRequests, type Position } from './repo.ts'

export type ListsNeeds = {
  db: Db
  clock: Clock
  cursors: Cursors
  relations: Pick<Relations, 'findBetween'>
  users: Pick<Users, 'findShown'>
}

const seconds = (ms: number) => Math.floor(ms / 1_000)

/** To its sender an ignored request looks like one that waits. */
const shownState = (state: FriendRequestRow['state']): 'refused' | 'open' =>
  state === 'refused' ? state : 'open'

const positionOf = (value: JsonValue | undefined): Position => {
  if (value === undefined) return beginning
  const [at, id] = value as [number, number]
  return { at, id }
}

export const createLists = ({ db, clock, cursors, relations, users }: ListsNeeds) => {
  const readFor = ({ app, ticket }: TicketCaller): Executor => {
    checkFriends(app)
    return db.readFor(ticket.writtenUntil)
  }

  const places = (place: string, { ticket: { userId } }: TicketCaller) => ({
    begin: (cursor: string | undefined) => positionOf(cursors.read(place, userId, cursor)),
    end: (next: Position | undefined) =>
      next ? { cursor: cursors.write(place, userId, [next.at, next.id]) } : {},
  })

  /** Of the rows those whose users the caller may see, with what is shown of them. */
  const findVisible = async <Row extends Position>(
    reader: Executor,
    { ticket: { userId } }: TicketCaller,
    rows: readonly Row[],
  ) => {
    const ids = rows.map(({ id }) => id)
    const [names, betweens] = await Promise.all([
      users.findShown(reader, userId, ids),
      relations.findBetween(db.write, userId, ids),
    ])
    return rows.flatMap((row) => {
      const [name, between] = [names.get(row.id), betweens.get(row.id)]
      return name && between && !between.isBlockingMe ? [{ row, name, between }] : []
    })
  }

  const describe = async (
    reader: Executor,
    caller: TicketCaller,
    { list, rows }: { list: ListName; rows: readonly Position[] },
  ) => {
    const visible = await findVisible(reader, caller, rows)
    return new Map(
      visible.flatMap(({ row: { id, at }, name, between }) => {
        const { isFollowing, isFan, isFriend, isBlockedByMe, remark } = between
        if (isBlockedByMe !== (list === 'blocked')) return []
        const user = {
          ...name,
          userId: String(id),
          since: seconds(at),
          isFollowing,
          isFan,
          isFriend,
          granted: [...grantsOf(caller.app, between, between.granted)],
          grantedToMe: [...grantsOf(caller.app, between, between.grantedToMe)],
          ...(remark !== undefined && { remark }),
        }
        return [[id, user] as const]
      }),
    )
  }

  const list = async ({ list, cursor, limit = usuallyListed }: ListInput, caller: TicketCaller) => {
    const reader = readFor(caller)
    const place = places(`friend list ${list}`, caller)
    const { shown: users, next } = await readPage(
      {
        read: (behind, most) => findListed(reader, list, caller.ticket.userId, behind, most),
        show: (rows) => describe(reader, caller, { list, rows }),
      },
      { behind: place.begin(cursor), limit },
    )
    return { users, ...place.end(next) }
  }

  const listRequests = async (
    { list, cursor, limit = usuallyListed }: RequestsInput,
    caller: TicketCaller,
  ) => {
    const reader = readFor(caller)
    const nowMs = clock.now()
    const place = places(`friend requests ${list}`, caller)
    const { shown: requests, next } = await readPage(
      {
        read: ({ at, id }, most) => findRequests(reader, list, caller.ticket.userId, { at, id, nowMs, most }),
        show: async (rows) => {
          const visible = await findVisible(reader, caller, rows)
          return new Map(
            visible.flatMap(({ row: { id, at, message, state, expiresAt }, name, between }) => {
              if (between.isBlockedByMe) return []
              const times = { askedAt: seconds(at), expiresAt: seconds(expiresAt) }
              const shown = { ...name, userId: String(id), message, state: shownState(state), ...times }
              return [[id, shown] as const]
            }),
          )
        },
      },
      { behind: place.begin(cursor), limit },
    )
    return { requests, ...place.end(next) }
  }

  return { list, listRequests }
}
