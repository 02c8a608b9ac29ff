/** Two lists of a user become one: logins and audit events, each behind a position of its own, the newest first. */
import type { Clock } from '../../adapters/clock.ts'
import type { Cursors } from '../../adapters/cursors.ts'
import type { Db, Executor } from '../../adapters/db/index.ts'
import type { TicketCaller } from '../../http/caller.ts'
import { fromHex, toHex } from '../../protocol/bytes.ts'
import type { JsonValue } from '../../protocol/json.ts'
import { usuallyListed } from '../../protocol/lists.ts'
import type { FindEventsBefore } from '../audit/api.ts'
import type { LoginPosition, PastLogin, Tickets } from '../tickets/api.ts'
import { describeEvent, describeLogin, describePlaces, type FailedPlace, type Names } from './describe.ts'
import { toldKinds } from './kinds.ts'
import type { HistoryInput, HistoryReply } from './wire.ts'

export type HistoryNeeds = {
  db: Db
  clock: Clock
  cursors: Cursors
  tickets: Pick<Tickets, 'findPast'>
  findEventsBefore: FindEventsBefore
  accounts: {
    findFailedPlaces(
      db: Executor,
      asked: { userId: number; sinceMs: number; most: number },
    ): Promise<FailedPlace[]>
    isDevicePlace(place: string): boolean
  }
  findAppName(appId: string): Promise<string | undefined>
}

type Position = LoginPosition & { eventId: number }

const place = 'history'
/** Read, not shown: strangers fill them, and a call reads no more. */
const mostPlaces = 100
const dayMs = 24 * 3_600_000
const beginning: Position = {
  at: Number.MAX_SAFE_INTEGER,
  loginId: Buffer.alloc(16, 0xff),
  eventId: Number.MAX_SAFE_INTEGER,
}

const readPosition = (value: JsonValue | undefined): Position => {
  if (value === undefined) return beginning
  const [at, loginId, eventId] = value as [number, string, number]
  return { at, loginId: Buffer.from(fromHex(loginId) ?? []), eventId }
}

const writePosition = ({ at, loginId, eventId }: Position): JsonValue => [at, toHex(loginId), eventId]

type Event = Awaited<ReturnType<FindEventsBefore>>[number]
type Row = { login: PastLogin } | { event: Event }

/** Each list keeps its own order, so that clocks that are apart neither repeat nor hide a row. */
const merge = (logins: readonly PastLogin[], events: readonly Event[], most: number) => {
  const rows: Row[] = []
  let lastLogin: PastLogin | undefined
  let lastEvent: Event | undefined
  const [restOfLogins, restOfEvents] = [[...logins], [...events]]
  while (rows.length < most) {
    const [login, event] = [restOfLogins[0], restOfEvents[0]]
    if (login && (!event || login.authenticatedAt > event.happenedAt)) {
      rows.push({ login })
      lastLogin = restOfLogins.shift()
    } else if (event) {
      rows.push({ event })
      lastEvent = restOfEvents.shift()
    } else break
  }
  return { rows, lastLogin, lastEvent, isEnd: restOfLogins.length + restOfEvents.length === 0 }
}

export const createHistory = (needs: HistoryNeeds) => {
  const { db, clock, cursors, tickets, findEventsBefore, accounts, findAppName } = needs

  const findNames = async (appIds: readonly (string | null)[]): Promise<Names> => {
    const ids = [...new Set(appIds)].filter((id) => id !== null)
    return new Map(
      await Promise.all(ids.map(async (appId) => [appId, (await findAppName(appId)) ?? ''] as const)),
    )
  }

  const findFailures = async (reader: Executor, userId: number) => {
    const sinceMs = clock.now() - dayMs
    const found = await accounts.findFailedPlaces(reader, { userId, sinceMs, most: mostPlaces + 1 })
    return {
      places: describePlaces(found.slice(0, mostPlaces), accounts.isDevicePlace, sinceMs),
      hasMore: found.length > mostPlaces,
    }
  }

  return async function history(
    { cursor, limit = usuallyListed }: HistoryInput,
    { ticket }: TicketCaller,
  ): Promise<HistoryReply> {
    const { userId } = ticket
    const behind = readPosition(cursors.read(place, userId, cursor))
    const reader = db.readFor(ticket.writtenUntil)
    // One row more than asked for: without it the list is at its end.
    const most = limit + 1
    const [logins, events, failures] = await Promise.all([
      tickets.findPast(reader, { userId, at: behind.at, loginId: behind.loginId, most }),
      findEventsBefore(reader, { userId, eventId: behind.eventId, kinds: toldKinds, most }),
      cursor === undefined ? findFailures(reader, userId) : undefined,
    ])
    const { rows, lastLogin, lastEvent, isEnd } = merge(logins, events, limit)
    const names = await findNames(rows.map((row) => ('login' in row ? row.login.appId : row.event.appId)))
    const last: Position = {
      at: lastLogin?.authenticatedAt ?? behind.at,
      loginId: lastLogin?.loginId ?? behind.loginId,
      eventId: lastEvent?.eventId ?? behind.eventId,
    }
    return {
      history: rows.map((row) =>
        'login' in row ? describeLogin(row.login, names, ticket.loginId) : describeEvent(row.event, names),
      ),
      ...(!isEnd && { cursor: cursors.write(place, userId, writePosition(last)) }),
      ...(failures && { failures }),
    }
  }
}
