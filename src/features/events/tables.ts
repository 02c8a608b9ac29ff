declare module '../../adapters/db/tables.ts' {
  interface Tables {
    eventLists: EventListRow
    userEvents: EventRow
  }
}

/** One of each user who has had an event; its lock gives the events of a user their order. */
export type EventListRow = {
  userId: number
  /** The number of the newest event. */
  lastNumber: number
  /** The user has read up to this one. */
  readNumber: number
}

export type EventRow = {
  userId: number
  /** The number modulo `mostPerUser`: a new event takes the row of the oldest. */
  slot: number
  /** From 1 on, without a gap. */
  number: number
  eventId: Buffer
  kind: string
  appId: string | null
  /** The other user that it tells of. */
  otherId: number | null
  happenedAt: number
  /** JSON object, in the form of the kind. */
  detail: string
}
