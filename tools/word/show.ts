/** What `torii word` shows of the lists, and the two commands that take no words. */
import { type FilterFacts, type ListName, listNames } from '../../src/features/words/filter.ts'
import type { SourceName } from '../../src/features/words/source.ts'
import type { Context } from '../console/context.ts'
import { alignFields, alignRows } from '../console/text.ts'

const noticed = 'Running servers read it within a second.'

export const exportList = ({ withAdmin, print }: Context, list: ListName) =>
  withAdmin(async ({ words }) => {
    const found = (await words.load())[list].filter((word) => typeof word === 'string')
    print(found, found)
  })

export const testText = ({ withAdmin, print }: Context, text: string) =>
  withAdmin(async ({ words }) => {
    const checked = (await words.compile()).check(text, listNames)
    const rows = checked.hits.map(({ word, list, start, end }) => [word, list, `${start}-${end}`])
    print(
      checked,
      checked.isClean ? ['clean'] : [...alignRows([['word', 'list', 'place'], ...rows]), checked.text],
    )
  })

const rowsOf = ({ words, refused }: FilterFacts) =>
  listNames.map((list) => ({
    list,
    words: words[list],
    refused: refused.filter((row) => row.list === list).length,
  }))

export const showLists = ({ withAdmin, print }: Context) =>
  withAdmin(async ({ words, config }) => {
    const rows = rowsOf((await words.compile()).facts)
    const lines = rows.map(({ list, words, refused }) => [list, String(words), String(refused)])
    print({ source: config.words.source, lists: rows }, [
      ...alignRows([['list', 'words', 'refused'], ...lines]),
      `in ${config.words.source}`,
    ])
  })

export const showStats = ({ withAdmin, print }: Context) =>
  withAdmin(async ({ words, config }) => {
    const started = performance.now()
    const { facts } = await words.compile()
    const buildMs = Math.round(performance.now() - started)
    const found = await words.hitsOfLastDay()
    const hits = Object.fromEntries(
      listNames.map((list) => [list, found.find((it) => it.list === list)?.hits ?? 0]),
    )
    const changedAt = await words.changedAt()
    const { longest, bytes } = facts
    print({ source: config.words.source, lists: rowsOf(facts), longest, bytes, buildMs, changedAt, hits }, [
      ...alignFields({
        source: config.words.source,
        ...Object.fromEntries(
          rowsOf(facts).map(({ list, words }) => [list, `${words} words, ${hits[list]} hits in 24 h`]),
        ),
        longest: `${longest} characters`,
        automaton: `${(bytes / 1e6).toFixed(1)} MB, built in ${buildMs} ms`,
        'last reload': changedAt ?? 'never by a command',
      }),
    ])
  })

export const clearList = ({ withAdmin, print }: Context, list: ListName, to: SourceName | undefined) =>
  withAdmin(async ({ words, config }) => {
    const place = await words.replace(to ?? config.words.source, list, [])
    print({ list, place, words: 0 }, [`the list ${list} in ${place} is empty. ${noticed}`])
  })

export const reloadLists = ({ withAdmin, print }: Context) =>
  withAdmin(async ({ words, place }) => {
    await words.reload()
    print({ reloaded: true }, [`Running servers on ${place} read their word lists anew within a second.`])
  })
