import { ClientFailure } from './failure.ts'
import type { ClientStorage } from './storage.ts'

const storeName = 'texts'

type Connection = {
  /** The open database, opened on first use and after it was closed. */
  get(): Promise<IDBDatabase>
  forget(): void
}

const openDatabase = (name: string, onClose: () => void): Promise<IDBDatabase> =>
  new Promise((resolve, reject) => {
    const request = indexedDB.open(name, 1)
    request.onupgradeneeded = () => request.result.createObjectStore(storeName)
    request.onerror = () => reject(request.error)
    request.onsuccess = () => {
      const database = request.result
      database.onclose = onClose
      // Another tab deletes or replaces the database, and waits until no page holds it open.
      database.onversionchange = () => {
        database.close()
        onClose()
      }
      resolve(database)
    }
  })

const createConnection = (name: string): Connection => {
  let opening: Promise<IDBDatabase> | undefined
  const forget = () => {
    opening = undefined
  }
  return {
    forget,
    get: () => {
      if (typeof indexedDB === 'undefined') {
        const info = 'indexedDB is missing: createBrowserStorage works in browsers only'
        return Promise.reject(new ClientFailure('RUNTIME_UNSUPPORTED', { info }))
      }
      opening ??= openDatabase(name, forget).catch((error) => {
        forget()
        throw error
      })
      return opening
    },
  }
}

/**
 * A storage in IndexedDB, which all tabs of an origin see alike. `localStorage` is not such a storage: a tab may see late
 * what another wrote, even under a lock, and two tabs would seal with one number or trade one A2 twice.
 *
 * A browser may close the database at any time (iOS does for pages in the background); the next use opens it anew. Outside
 * a browser every use throws RUNTIME_UNSUPPORTED.
 *
 * ```ts
 * const client = createClient({ url, appId, storage: createBrowserStorage() })
 * ```
 *
 * @param name of the database.
 */
export const createBrowserStorage = (name = 'torii'): ClientStorage => {
  const connection = createConnection(name)

  const runOnce = async <Result>(
    mode: IDBTransactionMode,
    work: (store: IDBObjectStore) => IDBRequest<Result>,
  ): Promise<Result> => {
    const database = await connection.get()
    return new Promise((resolve, reject) => {
      const transaction = database.transaction(storeName, mode)
      const request = work(transaction.objectStore(storeName))
      transaction.oncomplete = () => resolve(request.result)
      transaction.onabort = () => reject(transaction.error)
    })
  }

  /** Each piece of work may run twice; a full disk fails the second time too. */
  const run: typeof runOnce = (mode, work) =>
    runOnce(mode, work).catch((error) => {
      if (error instanceof ClientFailure) throw error
      connection.forget()
      return runOnce(mode, work)
    })

  return {
    get: (key) => run('readonly', (store) => store.get(key)),
    set: async (key, value) => {
      await run('readwrite', (store) => store.put(value, key))
    },
    remove: (key) => run('readwrite', (store) => store.delete(key)),
  }
}
