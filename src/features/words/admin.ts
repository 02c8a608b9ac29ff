/** What an administrator does to word lists. */
import type { Clock } from '../../adapters/clock.ts'
import type { Db } from '../../adapters/db/index.ts'
import type { TextListAdapters } from '../../adapters/text-lists/open.ts'
import type { RecordAudit } from '../audit/api.ts'
import type { RecordChange } from '../change-log/api.ts'
import { compileFilter, type Filter, type ListName, type Lists, listNames } from './filter.ts'
import { hourOf } from './hits.ts'
import { openOptions, type WordWorld } from './options.ts'
import { findHits, findLastWordChange } from './repo.ts'
import { openSource, type SourceName } from './source.ts'

export type WordAdminNeeds = WordWorld & {
  db: Db
  clock: Clock
  textLists: TextListAdapters
  recordAudit: RecordAudit
  recordChange: RecordChange
}

const dayHours = 24

export const createWordAdmin = (needs: WordAdminNeeds) => {
  const { db, clock, config, recordAudit, recordChange } = needs

  const withSource = async <T>(
    name: SourceName,
    work: (source: Awaited<ReturnType<typeof openSource>>) => Promise<T>,
  ): Promise<T> => {
    const source = await openSource(name, needs)
    try {
      return await work(source)
    } finally {
      await source.close()
    }
  }

  /** Running servers read their lists anew. */
  const reload = async (detail: Record<string, string | number> = {}) => {
    await db.transaction(async (trx) => {
      await recordAudit(trx, { kind: 'words.changed', detail })
      await recordChange(trx, 'words', '')
    })
  }

  /** Missing lists are empty. */
  const load = (name: SourceName = config.words.source): Promise<Lists> =>
    withSource(name, async (source) => {
      const loaded = await source.load(listNames)
      const { deny = [], allow = [], exact = [], reserved = [] } = loaded
      return { deny, allow, exact, reserved }
    })

  return {
    load,
    reload,
    /** All or nothing; then running servers read their lists anew. */
    replace: async (
      name: SourceName,
      list: ListName,
      words: readonly string[],
      tellProgress?: (written: number) => void,
    ) => {
      const place = await withSource(name, async (source) => {
        await source.replace(list, words, tellProgress)
        return source.place
      })
      await reload({ list, words: words.length })
      return place
    },
    compile: async (): Promise<Filter> => {
      const work = compileFilter(await load(), await openOptions(needs))
      for (;;) {
        const step = work.next()
        if (step.done) return step.value
      }
    },
    /** When a command last changed a list or asked for a reload, in ISO 8601. */
    changedAt: async () => {
      const at = await findLastWordChange(db.write)
      return at === undefined ? undefined : new Date(at).toISOString()
    },
    hitsOfLastDay: () => findHits(db.write, hourOf(clock.now()) - dayHours),
  }
}
