import { limit, table, whole } from '../../config/fields.ts'

export const limits = { events: limit(60, 600) }

const waits = (value: number, of: string) =>
  whole(value, 1, 100_000, `Calls ${of} that wait for an event at a time; a further one is refused`)

export const events = {
  keptSeconds: whole(7_776_000, 86_400, 3_153_600_000, 'An event is removed from its list after this time'),
  mostWaits: waits(5_000, 'of one process'),
  mostWaitsPerApp: waits(4_000, 'of one app and process'),
  mostWaitsPerUser: waits(10, 'of one user and process'),
}

export const tables = { eventLists: table('event_lists'), userEvents: table('user_events') }
