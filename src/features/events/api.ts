import type { Executor } from '../../adapters/db/index.ts'
import type { EventDetail, EventKind } from '../../protocol/event-kinds.ts'

export type { EventDetail, EventKind } from '../../protocol/event-kinds.ts'

type DetailOf<Kind extends EventKind> =
  Record<never, never> extends EventDetail<Kind>
    ? { detail?: EventDetail<Kind> }
    : { detail: EventDetail<Kind> }

/** What a feature tells of a user: `userId` is whose list it goes to. */
export type NewEvent = {
  [Kind in EventKind]: {
    userId: number
    kind: Kind
    /** The app through which it happened, where there is one. */
    appId?: string | undefined
    /** The other user, where there is one. */
    otherId?: number | undefined
  } & DetailOf<Kind>
}[EventKind]

/**
 * Part of the transaction of what the event tells of. It locks the list of the user until that transaction ends, so record
 * events last, and those of two users in the order of their numbers.
 */
export type RecordEvent = (trx: Executor, event: NewEvent) => Promise<void>
