/** Runs pieces of work one after another. */
export type Lock = <T>(work: () => Promise<T>) => Promise<T>

/**
 * @param name of a lock that all tabs of an origin share, where the browser has such locks: two tabs with one storage
 * must not trade the same A2. Without a name the lock holds for this client alone.
 */
export const createLock = (name?: string): Lock => {
  const locks = name === undefined ? undefined : globalThis.navigator?.locks
  if (name !== undefined && locks) return (work) => locks.request(name, () => work())
  let last: Promise<unknown> = Promise.resolve()
  return (work) => {
    const result = last.then(work)
    last = result.catch(() => {})
    return result
  }
}
