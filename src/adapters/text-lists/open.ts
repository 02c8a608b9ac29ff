/** Where lists of texts can be. What runs is loaded when it is used. */
import type { DatabaseConfig, StoreConfig } from '../../config/index.ts'
import type { Clock } from '../clock.ts'
import type { Db } from '../db/index.ts'
import type { TextListSource } from './index.ts'

export type TextListAdapters = {
  openFiles(folder: string): Promise<TextListSource>
  /** `url` empty: the server of the store. `first` is the list at the key itself. */
  openRedis(place: { url: string; key: string; first: string }): Promise<TextListSource>
  /** Another database than the one that the server works with. */
  openDb(place: {
    sqliteFile: string
    write: DatabaseConfig['write']
    tables: Record<string, string>
  }): Promise<Db>
}

type Needs = { config: { store: StoreConfig; database: DatabaseConfig }; clock: Clock }

export const createTextListAdapters = ({ config, clock }: Needs): TextListAdapters => ({
  openFiles: async (folder) => (await import('./file.ts')).openFileLists(folder),
  openRedis: async ({ url, key, first }) => {
    const store = url === '' ? config.store : { ...config.store, url, clusterNodes: [] }
    if (store.url === '' && store.clusterNodes.length === 0) {
      throw new Error('words.redis.url: expected a URL, since the store is not a Redis')
    }
    return (await import('./redis.ts')).openRedisLists(store, key, first)
  },
  openDb: async ({ sqliteFile, write, tables }) => {
    const { openDb } = await import('../db/open.ts')
    const all = { ...config.database.tables, ...tables }
    return openDb({ config: { ...config.database, file: sqliteFile, write, read: [], tables: all }, clock })
  },
})
