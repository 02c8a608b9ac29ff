/** The server key, for commands that do more where it can be read, and go on without it. */
import type { Db } from '../../src/adapters/db/index.ts'
import type { Config } from '../../src/config/index.ts'
import { explain } from './explain.ts'

export const createKeyFinder = (config: Config, db: Db) => {
  const open = async () => {
    const { openKey } = await import('../user/hashing.ts')
    return (await openKey(config, db)).key.saltKey
  }
  let opening: Promise<{ saltKey?: Uint8Array; problem: string }> | undefined
  const find = () => {
    opening ??= open().then(
      (saltKey) => ({ saltKey, problem: '' }),
      (error) => ({ problem: explain(error) }),
    )
    return opening
  }
  return {
    /** Undefined: it cannot be read, or the database was made with another one. */
    findSaltKey: async () => (await find()).saltKey,
    /**
     * Why not; empty: it can be used. Asked before a transaction, since it reads the database: a SQLite file has one
     * connection.
     */
    findKeyProblem: async () => (await find()).problem,
  }
}
