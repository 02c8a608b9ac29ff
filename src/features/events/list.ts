/** The list of a user: what is behind a position, at once or when it comes; and how far the user has read. */
import type { Cursors } from '../../adapters/cursors.ts'
import type { Db } from '../../adapters/db/index.ts'
import type { TicketCaller } from '../../http/caller.ts'
import { Failure } from '../../protocol/errors.ts'
import type { EventDetail } from '../../protocol/event-kinds.ts'
import type { JsonObject } from '../../protocol/json.ts'
import { usuallyListed } from '../../protocol/lists.ts'
import type { Tickets } from '../tickets/api.ts'
import { type EventList, findEventList, findUnread, type ListedEvent, markRead } from './repo.ts'
import type { Waits } from './waits.ts'
import { type EventListInput, type EventListReply, type EventReadInput, eventListShape } from './wire.ts'

export type ListNeeds = {
  db: Pick<Db, 'write'>
  now(): number
  cursors: Cursors
  waits: Pick<Waits, 'wait'>
  tickets: Pick<Tickets, 'authenticate'>
}

const place = 'events'

const show = ({ number, eventId, kind, happenedAt, appId, otherId, detail }: ListedEvent) => ({
  number,
  id: eventId.toString('hex'),
  kind,
  at: Math.floor(happenedAt / 1_000),
  ...(appId !== null && { app: appId }),
  ...(otherId !== null && { userId: String(otherId) }),
  detail: JSON.parse(detail) as JsonObject,
})

/** Whether an event says that the login of this ticket has ended. */
const endsLogin =
  (loginId: string) =>
  ({ kind, detail }: ListedEvent): boolean => {
    if (kind !== 'login.ended') return false
    const { login, logins = [], everywhere } = JSON.parse(detail) as EventDetail<'login.ended'>
    return everywhere === true || login === loginId || logins.includes(loginId)
  }

export const createEventLists = ({ db, now, cursors, waits, tickets }: ListNeeds) => {
  /** The number of the last event that the caller knows. */
  const readPosition = ({ cursor, since }: EventListInput, userId: number): number => {
    if (cursor !== undefined && since !== undefined) {
      throw new Failure('PARAMETER_INVALID', { info: 'cursor or since, not both' })
    }
    const position = cursors.read(place, userId, cursor)
    return typeof position === 'number' ? position : (since ?? 0)
  }

  const compose = (list: EventList, after: number, userId: number): EventListReply => {
    const { events, lastNumber, unread } = list
    const position = events.at(-1)?.number ?? lastNumber
    const missed = (events[0]?.number ?? lastNumber + 1) - after - 1
    return {
      events: events.map(show),
      cursor: cursors.write(place, userId, position),
      last: lastNumber,
      unread,
      ...(missed > 0 && { missed }),
    }
  }

  /** What has ended a login is an event too, so a call that waited for it is judged anew. */
  const checkAgain = async (input: EventListInput, caller: TicketCaller, list: EventList) => {
    const ending = list.events.find(endsLogin(caller.ticket.loginId))
    await tickets.authenticate(input, eventListShape, caller)
    // The row is final; the gate that the ticket is judged by follows it.
    if (ending) throw new Failure('NOT_LOGGED_IN', { members: { reason: JSON.parse(ending.detail).reason } })
  }

  const list = async (input: EventListInput, caller: TicketCaller): Promise<EventListReply> => {
    const { userId, appId, expiresAt } = caller.ticket
    const { limit = usuallyListed, waitSeconds = 0 } = input
    const after = readPosition(input, userId)
    const find = () => findEventList(db.write, { userId, after, limit })
    const found = await find()
    // A position behind the end would wait for events that are there already, once they have come.
    if (after > found.lastNumber) {
      throw new Failure('PARAMETER_INVALID', { info: input.cursor === undefined ? 'since' : 'cursor' })
    }
    if (found.events.length > 0 || waitSeconds === 0) return compose(found, after, userId)
    const { lastNumber, readNumber } = found
    const leftMs = expiresAt - now()
    const waitMs = Math.min(waitSeconds * 1_000, leftMs)
    const hasChanged = await waits.wait({
      userId,
      appId,
      seen: { lastNumber, readNumber },
      waitMs,
      whenGone: caller.whenGone,
    })
    if (!hasChanged && now() < expiresAt) return compose(found, after, userId)
    const changed = await find()
    await checkAgain(input, caller, changed)
    return compose(changed, after, userId)
  }

  const read = async ({ readUpTo }: EventReadInput, { ticket: { userId } }: TicketCaller) => {
    await markRead(db.write, { userId, readUpTo })
    const { lastNumber, unread } = await findUnread(db.write, userId)
    if (readUpTo > lastNumber) throw new Failure('PARAMETER_INVALID', { info: 'readUpTo' })
    return { last: lastNumber, unread }
  }

  return { list, read }
}
