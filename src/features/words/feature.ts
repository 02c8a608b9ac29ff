/** The word filter: texts that people write are checked against lists of words. */
import { catalogue, Failure } from '../../protocol/errors.ts'
import type { RecordAudit } from '../audit/api.ts'
import type { RecordChange } from '../change-log/api.ts'
import { type AdminWorld, feature, operation, type World } from '../feature.ts'
import { createWordAdmin } from './admin.ts'
import type { CheckText } from './api.ts'
import { listNames } from './filter.ts'
import { createHits } from './hits.ts'
import { createWordLists, type WordLists } from './lists.ts'
import { openOptions } from './options.ts'
import { removeOldHits } from './repo.ts'
import { openSource } from './source.ts'
import { checkWordsShape, wordTestShape } from './wire.ts'

const hitsKeptMs = 25 * 3_600_000

export const wordAdmin = feature({
  create: (world: AdminWorld, needs: { recordAudit: RecordAudit; recordChange: RecordChange }) => ({
    api: createWordAdmin({ ...world, ...needs }),
  }),
})

export const words = feature({
  create: (world: World) => {
    const { db, clock, createBatch, config, logger, giveWay } = world
    const hits = createHits({ db, clock, createBatch })
    const lists = createWordLists({
      openSource: () => openSource(config.words.source, world),
      openOptions: () => openOptions(world),
      now: clock.now,
      elapsed: clock.elapsed,
      giveWay,
      logger,
    })
    const check: WordLists['check'] = (text, chosen) => {
      const checked = lists.check(text, chosen)
      if (!checked.isClean) hits.count(checked.hits)
      return checked
    }
    const checkText: CheckText = (text, rule, member) => {
      const checked = check(text, rule === 'refuse' ? listNames : undefined)
      if (checked.isClean || rule === 'mask') return checked.text
      throw new Failure('WORD_FORBIDDEN', { info: member })
    }
    const { testPage, pollMs } = config.words
    return {
      api: { checkText },
      operations: [createCheck(lists, check), ...(testPage || world.isTrial ? [createTest(check)] : [])],
      onChange: [{ kind: 'words', apply: lists.reload, isWhole: true, missed: 'any' }],
      jobs: [{ everyMs: pollMs, name: 'look at the word lists', work: lists.poll }],
      flush: [hits.flush],
      retention: [{ name: 'word hits', keptMs: hitsKeptMs, remove: removeOldHits }],
      health: [{ name: 'words', problem: () => lists.state().problem }],
      gauges: createGauges(lists, hits.total),
      close: [lists.close],
    }
  },
})

const createCheck = (lists: WordLists, check: WordLists['check']) =>
  operation(checkWordsShape)(async ({ text, texts }) => {
    if ((text === undefined) === (texts === undefined)) {
      throw new Failure(text === undefined ? 'PARAMETER_MISSING' : 'PARAMETER_INVALID', {
        info: 'text, or texts',
      })
    }
    const { deny, exact } = lists.state().words
    // Without a list every text would be called clean.
    if (deny + exact === 0) throw new Failure('WORD_FILTER')
    if (text !== undefined) return { code: 'OK', ...check(text) }
    const results = (texts ?? []).map((each) => check(each))
    return { code: 'OK', isClean: results.every(({ isClean }) => isClean), results }
  })

const createTest = (check: WordLists['check']) =>
  operation(wordTestShape)(async ({ w }, { language }) => {
    const { isClean, text, hits } = check(w)
    const members = { 0: !isClean, 1: text, 2: hits[0]?.word ?? '' }
    if (!isClean) throw new Failure('WORD_FORBIDDEN', { members })
    return { code: 'OK', msg: catalogue.OK.text[language], ...members }
  })

const createGauges = (lists: WordLists, total: () => [string, number][]) => [
  {
    name: 'torii_words',
    labelNames: ['list'],
    help: 'Words of a list in this process',
    read: () => Object.entries(lists.state().words).map(([list, value]) => ({ labels: { list }, value })),
  },
  {
    name: 'torii_word_hits_total',
    labelNames: ['list'],
    help: 'Words that were found, by list',
    read: () => total().map(([list, value]) => ({ labels: { list }, value })),
  },
  {
    name: 'torii_word_lists_problem',
    labelNames: [],
    help: '1 while the word lists cannot be read and the old ones go on',
    read: () => [{ labels: {}, value: lists.state().problem === '' ? 0 : 1 }],
  },
]
