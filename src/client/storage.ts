/** Where a client keeps its device, its shared key and its tickets between calls. */

/**
 * Three verbs over texts; what `set` wrote, the next `get` has to see. For browsers there is `createBrowserStorage`; a
 * single page may do with `localStorage`, which its tabs see at different times:
 *
 * ```ts
 * const storage: ClientStorage = {
 *   get: async (key) => localStorage.getItem(key) ?? undefined,
 *   set: async (key, value) => localStorage.setItem(key, value),
 *   remove: async (key) => localStorage.removeItem(key),
 * }
 * ```
 *
 * What is kept is worth as much as a password for as long as it lives: the device's secret opens its envelopes, the
 * A2 is the login for 30 days, and the shared key resumes that login without a ticket and opens what was sealed under
 * it. In a browser every script of the page's origin can read `localStorage` and IndexedDB, so a single injected
 * script takes all three; without a storage key and login end with the page instead. On a phone or a desk use the
 * keychain of the system; on a server a file or a table that only the process may read.
 *
 * A sealed call writes its sequence number before it is sent. Clients of one process, and tabs of one origin, may
 * share a storage; two processes, or a storage and its restored copy, may not: who seals with a number that was used
 * is refused once and seals again. Whoever can take the key's record out of the storage takes the promise to seal
 * with it: call `exchangeKeys()` at every start, which keeps a key that is there.
 */
export type ClientStorage = {
  get(key: string): Promise<string | null | undefined>
  /** Replaces what was there in one step. */
  set(key: string, value: string): Promise<void>
  remove(key: string): Promise<void>
}

/** Forgets everything with the process or page. */
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

/** A record of texts and numbers that was kept as JSON; undefined when there is none, or it was damaged. */
export const readRecord = async (
  storage: ClientStorage,
  key: string,
): Promise<Record<string, unknown> | undefined> => {
  const text = await storage.get(key)
  if (!text) return undefined
  try {
    const value: unknown = JSON.parse(text)
    return typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : undefined
  } catch {
    return undefined
  }
}
