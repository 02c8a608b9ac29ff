import { table, whole } from '../../config/fields.ts'

export const events = {
  keptSeconds: whole(7_776_000, 86_400, 3_153_600_000, 'An event is removed from its list after this time'),
}

export const tables = { eventLists: table('event_lists'), userEvents: table('user_events') }
