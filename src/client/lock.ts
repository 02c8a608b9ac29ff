import type { ClientStorage } from './storage.ts'

/** Runs pieces of work one after another. */
export type Lock = <T>(work: () => Promise<T>) => Promise<T>

const createQueue = (): Lock => {
  let last: Promise<unknown> = Promise.resolve()
  return (work) => {
    const result = last.then(work)
    last = result.catch(() => {})
    return result
  }
}

/** Clients of one process that were given the same storage wait for each other. */
const queues = new WeakMap<ClientStorage, Map<string, Lock>>()

/**
 * One lock for all who use this name on this storage, in this process and, where the browser has such locks, in all
 * tabs of its origin: two tabs must not trade the same A2, nor seal two messages with one sequence number.
 *
 * @param isShared false for a storage that only its own client knows.
 */
export const createLock = (storage: ClientStorage, name: string, isShared: boolean): Lock => {
  const locks = isShared ? globalThis.navigator?.locks : undefined
  if (locks) return (work) => locks.request(name, () => work())
  const named = queues.get(storage) ?? new Map<string, Lock>()
  queues.set(storage, named)
  const queue = named.get(name) ?? createQueue()
  named.set(name, queue)
  return queue
}

/** Lets so many pieces of work run at once; others wait in the order in which they came. */
export const createGate = (most: number): Lock => {
  const waiting: (() => void)[] = []
  let free = most
  return async (work) => {
    if (free > 0) free--
    else await new Promise<void>((resolve) => waiting.push(resolve))
    try {
      return await work()
    } finally {
      const next = waiting.shift()
      if (next) next()
      else free++
    }
  }
}
