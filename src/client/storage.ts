/** Where a client keeps its device, its shared key and its tickets between calls, and the locks around them. */
import { isObject } from '../protocol/json.ts'

/**
 * Three verbs over texts; `get` has to return what the last `set` wrote. For browsers there is `createBrowserStorage`. A
 * page that is never open in two tabs may use `localStorage`, which tabs see at different times:
 *
 * ```ts
 * const storage: ClientStorage = {
 *   get: async (key) => localStorage.getItem(key) ?? undefined,
 *   set: async (key, value) => localStorage.setItem(key, value),
 *   remove: async (key) => localStorage.removeItem(key),
 * }
 * ```
 *
 * Protect what is kept like a password: the device's secret opens its envelopes, the A2 is the login for 30 days, and the
 * shared key resumes that login without a ticket and opens what was sealed under it. In a browser every script of the
 * page's origin can read `localStorage` and IndexedDB, so a single injected script can take all three; without a storage,
 * key and login end with the page. On a phone or desktop use the system's keychain; on a server a file or table that only
 * the process can read.
 *
 * A sealed call writes its sequence number before it is sent. Clients of one process, and tabs of one origin, may share a
 * storage. Two processes, or a storage and its restored copy, may not: a call with a used number is refused once and
 * sealed again. A client whose key record was removed no longer knows that it has to seal: call `exchangeKeys()` at every
 * start, which keeps a key that is there.
 */
export type ClientStorage = {
  get(key: string): Promise<string | null | undefined>
  /** Replaces what was there in one step. */
  set(key: string, value: string): Promise<void>
  remove(key: string): Promise<void>
}

/** Keeps everything until the process or page ends. */
export const createMemoryStorage = (): ClientStorage => {
  const texts = new Map<string, string>()
  return {
    get: async (key) => texts.get(key),
    set: async (key, value) => {
      texts.set(key, value)
    },
    remove: async (key) => {
      texts.delete(key)
    },
  }
}

/** A record that was kept as JSON; undefined when there is none, or it is damaged. */
export const readRecord = async (
  storage: ClientStorage,
  key: string,
): Promise<Record<string, unknown> | undefined> => {
  const text = await storage.get(key)
  if (!text) return undefined
  try {
    const value: unknown = JSON.parse(text)
    return isObject(value) ? value : undefined
  } catch {
    return undefined
  }
}

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

/** Clients of one process that share a storage wait for each other. */
const queues = new WeakMap<ClientStorage, Map<string, Lock>>()

/**
 * One lock for every client that uses this name on this storage, in this process and, where the browser has Web Locks, in
 * all tabs of its origin: two tabs must not trade the same A2, nor seal two messages with one sequence number.
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
