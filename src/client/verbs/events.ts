import type { InputOf, ReplyOf } from '../call.ts'
import type { Core } from '../core.ts'
import { ClientFailure, type FailureName, isFailure } from '../failure.ts'

export type EventList = ReplyOf<'/v1/event/list'>
/** What happened to the user; docs/features/events.md has the kinds and the detail of each. */
export type UserEvent = EventList['events'][number]
export type EventsWanted = Omit<InputOf<'/v1/event/list'>, 'token'>

/** An `AbortSignal`, or what can do the same. */
export type StopSignal = {
  readonly aborted: boolean
  addEventListener(type: 'abort', listener: () => void): void
  removeEventListener(type: 'abort', listener: () => void): void
}

export type EventVerbs = {
  /**
   * The events behind a position: the `cursor` of the list before, or `since`, the number of the last event that is
   * known. With `waitSeconds` (25 at most) the reply waits for an event. Throws NOT_LOGGED_IN, EVENT_WAITS.
   *
   * ```ts
   * const { events, unread } = await client.listEvents({ since: lastNumber })
   * ```
   */
  listEvents(wanted?: EventsWanted): Promise<EventList>
  /** Marks the events as read, up to a number. Returns how many are unread. */
  readEvents(upTo: number): Promise<number>
  /**
   * The events as they come, from behind `since` on; without it from the oldest that is kept. Goes on after a lost
   * connection or a busy server. Keep the `number` of the last event that was handled, to begin there next time. Throws
   * what does not pass, such as NOT_LOGGED_IN. `signal` ends it.
   *
   * ```ts
   * for await (const { kind, detail } of client.events({ since: lastNumber })) show(kind, detail)
   * ```
   */
  events(from?: { since?: number; signal?: StopSignal }): AsyncGenerator<UserEvent, void, undefined>
}

const waitSeconds = 25
const pauseMs = { first: 1_000, most: 30_000 } as const
/** What another try may find gone. */
const passing = [
  'UNREACHABLE',
  'REPLY_UNREADABLE',
  'OVERLOADED',
  'TOO_OFTEN',
  'EVENT_WAITS',
  'DATABASE_UNREACHABLE',
  'STORE_UNREACHABLE',
] as const satisfies readonly FailureName[]

const waitOf = (error: unknown, failures: number): number => {
  if (!(error instanceof ClientFailure) || !isFailure(error, ...passing)) throw error
  if (error.retryAfterSeconds !== undefined) return error.retryAfterSeconds * 1_000
  return Math.min(pauseMs.most, pauseMs.first * 2 ** failures)
}

/** Undefined: the signal came first. */
const unlessStopped = async <T>(work: Promise<T>, signal: StopSignal | undefined): Promise<T | undefined> => {
  if (!signal) return work
  let stop = () => {}
  const stopped = new Promise<undefined>((resolve) => {
    stop = () => resolve(undefined)
    signal.addEventListener('abort', stop)
  })
  // What comes after the signal, a failure too, is of no use.
  work.catch(() => {})
  try {
    return await Promise.race([work, stopped])
  } finally {
    signal.removeEventListener('abort', stop)
  }
}

const pause = (ms: number) => new Promise<true>((resolve) => setTimeout(() => resolve(true), ms))

export const createEventVerbs = ({ send, tickets }: Core): EventVerbs => {
  const listEvents: EventVerbs['listEvents'] = (wanted = {}) =>
    tickets.withSKey((token) =>
      send('/v1/event/list', Object.assign({ token }, wanted), { waitMs: (wanted.waitSeconds ?? 0) * 1_000 }),
    )

  return {
    listEvents,
    readEvents: async (upTo) =>
      (await tickets.withSKey((token) => send('/v1/event/read', { token, readUpTo: upTo }))).unread,
    async *events({ since = 0, signal } = {}) {
      let position = since
      let failures = 0
      while (!signal?.aborted) {
        const beganMs = performance.now()
        let waitMs = 0
        try {
          const list = await unlessStopped(listEvents({ since: position, waitSeconds }), signal)
          failures = 0
          for (const event of list?.events ?? []) {
            position = event.number
            yield event
          }
          // A server that drains answers at once; the next call shall find another one.
          const isHasty = list?.events.length === 0 && performance.now() - beganMs < pauseMs.first
          if (isHasty) waitMs = pauseMs.first
        } catch (error) {
          waitMs = waitOf(error, failures++)
        }
        if (waitMs > 0 && !signal?.aborted) await unlessStopped(pause(waitMs), signal)
      }
    },
  }
}
