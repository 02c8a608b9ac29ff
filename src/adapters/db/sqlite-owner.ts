/** One server serves an embedded database: another one would have a store, and so SKeys and limits, of its own. */
import { setTimeout as delay } from 'node:timers/promises'
import Database from 'libsql'
import { StartError } from '../start-error.ts'
import { createFile } from './sqlite-connection.ts'

/** A server that was told to end may take a moment. */
const waitMs = 2_000
const stepMs = 50

export type Ownership = { close(): Promise<void> }

/** The lock is the system's: it ends with the process, however that ends. */
const lock = (file: string): Ownership | undefined => {
  createFile(file)
  const database = new Database(file, { timeout: 0 })
  try {
    database.exec('PRAGMA locking_mode = EXCLUSIVE; BEGIN EXCLUSIVE')
    return { close: async () => void database.close() }
  } catch (error) {
    database.close()
    if (String((error as { code?: unknown }).code).startsWith('SQLITE_BUSY')) return undefined
    throw error
  }
}

/** Throws StartError while a server runs on the database; `file` is that database. */
export const ownSqlite = async (file: string): Promise<Ownership> => {
  for (let waited = 0; ; waited += stepMs) {
    const owned = lock(`${file}-server`)
    if (owned) return owned
    if (waited >= waitMs) break
    await delay(stepMs)
  }
  throw new StartError(
    `database.file (TORII__DATABASE__FILE): another server runs on ${file}; stop it, or name another file`,
  )
}
