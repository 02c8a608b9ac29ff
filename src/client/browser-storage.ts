import type { ClientStorage } from './storage.ts'

const storeName = 'texts'

/**
 * A storage in IndexedDB, which all tabs of an origin see alike. `localStorage` is not: what one tab writes another
 * may see late, also under a lock, and two tabs would seal with one number or trade one A2 twice.
 *
 * ```ts
 * const client = createClient({ url, appId, storage: createBrowserStorage() })
 * ```
 *
 * @param name of the database.
 */
export const createBrowserStorage = (name = 'torii'): ClientStorage => {
  let opening: Promise<IDBDatabase> | undefined

  const open = (): Promise<IDBDatabase> => {
    opening ??= new Promise<IDBDatabase>((resolve, reject) => {
      const request = indexedDB.open(name, 1)
      request.onupgradeneeded = () => request.result.createObjectStore(storeName)
      request.onsuccess = () => resolve(request.result)
      request.onerror = () => reject(request.error)
    }).catch((error) => {
      opening = undefined
      throw error
    })
    return opening
  }

  const run = async <Result>(
    mode: IDBTransactionMode,
    work: (store: IDBObjectStore) => IDBRequest<Result>,
  ): Promise<Result> => {
    const database = await open()
    return new Promise((resolve, reject) => {
      const transaction = database.transaction(storeName, mode)
      const request = work(transaction.objectStore(storeName))
      transaction.oncomplete = () => resolve(request.result)
      transaction.onabort = () => reject(transaction.error)
    })
  }

  return {
    get: (key) => run('readonly', (store) => store.get(key)),
    set: async (key, value) => {
      await run('readwrite', (store) => store.put(value, key))
    },
    remove: (key) => run('readwrite', (store) => store.delete(key)),
  }
}
