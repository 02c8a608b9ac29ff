/** The lists that count now. They are exchanged as a whole, and stay when a newer list can't be read. */
import type { TextListSource } from '../../adapters/text-lists/index.ts'
import {
  type Checked,
  compileFilter,
  type Filter,
  type FilterOptions,
  type ListName,
  type Lists,
  listNames,
} from './filter.ts'

export type WordListsNeeds = {
  openSource(): Promise<TextListSource>
  openOptions(): Promise<FilterOptions>
  now(): number
  /** Milliseconds that only ever pass. */
  elapsed(): number
  /** Lets others go first. */
  giveWay(): Promise<unknown>
  logger: Record<'info' | 'warn', (members: object, text: string) => void>
}

/** The event loop is held no longer than this while lists are compiled. */
const sliceMs = 8
const noLists: Lists = { deny: [], allow: [], exact: [], reserved: [] }

export type WordListState = {
  words: Record<ListName, number>
  refused: number
  bytes: number
  /** 0: no list was read yet. */
  reloadedAt: number
  /** Empty: nothing is wrong. */
  problem: string
  isEmpty: boolean
}

export const createWordLists = (needs: WordListsNeeds) => {
  const { now, elapsed, giveWay, logger } = needs
  let source: TextListSource | undefined
  let lists = noLists
  let filter: Filter | undefined
  let version: string | undefined
  let reloadedAt = 0
  let problem = ''
  let wasEmpty = false
  let loading: Promise<void> | undefined

  const compile = async (work: Generator<void, Filter>): Promise<Filter> => {
    let since = elapsed()
    for (;;) {
      const step = work.next()
      if (step.done) return step.value
      if (elapsed() - since < sliceMs) continue
      await giveWay()
      since = elapsed()
    }
  }

  /** A list that has disappeared is kept, since a lost list must not empty the filter. An empty list is written as such. */
  const merge = (loaded: Record<string, unknown[] | undefined>) => {
    const lost = listNames.filter((name) => loaded[name] === undefined && lists[name].length > 0)
    return { lost, merged: { ...lists, ...withoutUndefined(loaded) } as Lists }
  }

  const load = async () => {
    source ??= await needs.openSource()
    const next = await source.version()
    if (next === version) return
    const { lost, merged } = merge(await source.load(listNames))
    const fresh = await compile(compileFilter(merged, await needs.openOptions()))
    lists = merged
    filter = fresh
    version = next
    reloadedAt = now()
    problem = lost.length > 0 ? `lost: ${lost.join(', ')}; the old words stay` : ''
    const { words, refused } = fresh.facts
    const members = { place: source.place, words, refused: refused.length }
    if (problem !== '') logger.warn(members, `word lists: ${problem}`)
    else if (!isEmpty(words)) logger.info(members, 'word lists were read')
    else if (!wasEmpty) logger.warn(members, 'word lists: there is no word to look for; see words.source')
    wasEmpty = isEmpty(words)
  }

  /** Reads the lists if they have changed. Never throws: what went wrong is in `state` and, once, in the log. */
  const poll = (): Promise<void> => {
    loading ??= load()
      .catch((error: Error) => {
        const next = `not read: ${error.message || error.name}; the old words stay`
        if (next !== problem) logger.warn({ err: error }, `word lists: ${next}`)
        problem = next
      })
      .finally(() => {
        loading = undefined
      })
    return loading
  }

  return {
    poll,
    reload: async () => {
      await loading
      version = undefined
      await poll()
    },
    check: (text: string, chosen?: readonly ListName[]): Checked =>
      filter?.check(text, chosen) ?? { isClean: true, text, hits: [] },
    state: (): WordListState => {
      const {
        words = { deny: 0, allow: 0, exact: 0, reserved: 0 },
        refused = [],
        bytes = 0,
      } = filter?.facts ?? {}
      return { words, refused: refused.length, bytes, reloadedAt, problem, isEmpty: isEmpty(words) }
    },
    close: async () => {
      await loading
      await source?.close()
    },
  }
}

export type WordLists = ReturnType<typeof createWordLists>

const isEmpty = (words: Record<ListName, number>) => Object.values(words).every((count) => count === 0)

const withoutUndefined = (lists: Record<string, unknown[] | undefined>) =>
  Object.fromEntries(Object.entries(lists).filter(([, list]) => list !== undefined))
