/**
 * Calls that wait for an event. They cost no query of their own: one statement for each half second looks at the lists of
 * all users that wait in this process. A wait holds neither a slot of admission nor a connection to the database.
 */
import { Failure } from '../../protocol/errors.ts'
import type { Seen } from './repo.ts'

export type WaitBounds = { mostWaits: number; mostWaitsPerApp: number; mostWaitsPerUser: number }

export type WaitsNeeds = {
  bounds: WaitBounds
  /** The lists of these users, of at most `mostInQuery`; a user without a list is left out. */
  findSeen(userIds: readonly number[]): Promise<ReadonlyMap<number, Seen>>
  mostInQuery: number
  /** Milliseconds that only ever pass. */
  elapsedMs(): number
}

export type Wanted = {
  userId: number
  appId: string
  /** The list as the caller knows it: any other state ends the wait. */
  seen: Seen
  waitMs: number
  /** Calls the listener when the caller has gone; what it returns takes the listener away. */
  whenGone(listener: () => void): () => void
}

type Waiter = Wanted & {
  untilMs: number
  /** It came before this round of looking. */
  round: number
  end(hasChanged: boolean, error?: unknown): void
}

const retryAfterSeconds = 5
const none: Seen = { lastNumber: 0, readNumber: 0 }
const isSame = (a: Seen, b: Seen) => a.lastNumber === b.lastNumber && a.readNumber === b.readNumber

export const createWaits = ({ bounds, findSeen, mostInQuery, elapsedMs }: WaitsNeeds) => {
  const byUser = new Map<number, Set<Waiter>>()
  const ofApp = new Map<string, number>()
  let total = 0
  let refused = 0
  let round = 0
  let isDraining = false
  let problem: unknown

  const add = (waiter: Waiter) => {
    const { userId, appId } = waiter
    byUser.set(userId, (byUser.get(userId) ?? new Set()).add(waiter))
    ofApp.set(appId, (ofApp.get(appId) ?? 0) + 1)
    total++
  }

  const remove = (waiter: Waiter) => {
    const { userId, appId } = waiter
    const ofUser = byUser.get(userId)
    if (!ofUser?.delete(waiter)) return
    if (ofUser.size === 0) byUser.delete(userId)
    const left = (ofApp.get(appId) ?? 1) - 1
    if (left === 0) ofApp.delete(appId)
    else ofApp.set(appId, left)
    total--
  }

  const check = ({ userId, appId }: Wanted) => {
    const rows = [
      ['events.mostWaitsPerUser', byUser.get(userId)?.size ?? 0, bounds.mostWaitsPerUser],
      ['events.mostWaitsPerApp', ofApp.get(appId) ?? 0, bounds.mostWaitsPerApp],
      ['events.mostWaits', total, bounds.mostWaits],
    ] as const
    const full = rows.find(([, count, most]) => count >= most)
    if (!full) return
    refused++
    throw new Failure('EVENT_WAITS', { info: `${full[0]}: ${full[2]}`, retryAfterSeconds })
  }

  /** True: the list has changed. False: the time is over, the caller has gone, or this process ends. Throws EVENT_WAITS. */
  const wait = async (wanted: Wanted): Promise<boolean> => {
    if (isDraining || wanted.waitMs <= 0) return false
    check(wanted)
    return new Promise<boolean>((resolve, reject) => {
      const waiter: Waiter = {
        ...wanted,
        untilMs: elapsedMs() + wanted.waitMs,
        round,
        end: (hasChanged, error) => {
          forget()
          remove(waiter)
          if (error === undefined) resolve(hasChanged)
          else reject(error)
        },
      }
      add(waiter)
      const forget = wanted.whenGone(() => waiter.end(false))
    })
  }

  const all = () => [...byUser.values()].flatMap((waiters) => [...waiters])

  /** A wait that the database did not answer is no quiet one: at its end the caller learns why. */
  const endOver = () => {
    const nowMs = elapsedMs()
    for (const waiter of all()) if (waiter.untilMs <= nowMs) waiter.end(false, problem)
  }

  const look = async (userIds: readonly number[]) => {
    const before = ++round
    const found = await findSeen(userIds)
    // A call that came meanwhile may know more than this look has seen.
    for (const userId of userIds)
      for (const waiter of byUser.get(userId) ?? [])
        if (waiter.round < before && !isSame(waiter.seen, found.get(userId) ?? none)) waiter.end(true)
  }

  /** Called each half second. */
  const poll = async (): Promise<void> => {
    try {
      const userIds = [...byUser.keys()]
      for (let at = 0; at < userIds.length; at += mostInQuery) await look(userIds.slice(at, at + mostInQuery))
      problem = undefined
    } catch (error) {
      const isKnown = problem !== undefined
      problem = error
      if (!isKnown) throw error
    } finally {
      endOver()
    }
  }

  return {
    wait,
    poll,
    /** Answers all that wait; from now on no call waits. */
    drain: () => {
      isDraining = true
      for (const waiter of all()) waiter.end(false)
    },
    facts: () => ({ waiting: total, refused }),
    problem: (): string => {
      if (problem !== undefined) return `waiting calls learn nothing: ${(problem as Error).message}`
      if (total < bounds.mostWaits) return ''
      return `events.mostWaits: ${total} calls wait for events, others are refused`
    },
  }
}

export type Waits = ReturnType<typeof createWaits>
