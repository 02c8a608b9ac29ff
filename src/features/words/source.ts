/** The source that the configuration names: a row each. */
import type { Clock } from '../../adapters/clock.ts'
import type { TextListSource } from '../../adapters/text-lists/index.ts'
import type { TextListAdapters } from '../../adapters/text-lists/open.ts'
import type { Config } from '../../config/index.ts'
import { createSqlLists } from './sql-lists.ts'

export type SourceName = Config['words']['source']

type Open = (words: Config['words'], adapters: TextListAdapters, clock: Clock) => Promise<TextListSource>

const sources: Record<SourceName, Open> = {
  file: ({ folder }, { openFiles }) => openFiles(folder),
  redis: ({ redis }, { openRedis }) => openRedis({ ...redis, first: 'deny' }),
  sql: async ({ database }, { openDb }, clock) => createSqlLists({ db: await openDb(database), clock }),
}

export const sourceNames = Object.keys(sources) as SourceName[]

export const openSource = (
  name: SourceName,
  { config, clock, textLists }: { config: Config; clock: Clock; textLists: TextListAdapters },
): Promise<TextListSource> => sources[name](config.words, textLists, clock)
