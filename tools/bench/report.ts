/** The tables. */
import type { Line } from './measure.ts'
import type { TargetName } from './rows.ts'
import type { WordFigures } from './words.ts'

export type Start = { target: TargetName; startMs: number; rssMb: number | undefined }
/** The head of a column and what stands in it. */
type Column<T> = [head: string, cell: (item: T) => string]

const engines: Record<TargetName, string> = {
  bare: '–',
  memory: 'memory+SQLite',
  redis: 'Redis+MariaDB',
  peer: 'Better Auth',
}

const count = (value: number | undefined) =>
  value === undefined ? 'n/a' : Math.round(value).toLocaleString('en')
const fixed = (value: number | undefined) => (value === undefined ? 'n/a' : value.toFixed(2))
const quotient = (a: number, b: number) => (Number.isFinite(a / b) ? `${(a / b).toFixed(2)} ×` : 'n/a')
const showRate = (value: number) => (value < 100 ? value.toFixed(1) : count(value))
const rate = ({ perSecond }: Line) => showRate(perSecond.median)
const ratio = ({ ratio: { median } }: Line) =>
  median < 0.01 ? median.toPrecision(2) : median.toFixed(median < 0.1 ? 3 : 2)
const p99 = ({ p99Ms }: Line) => fixed(p99Ms.median)

const mostShownRuns = 5
/** Bare Fastify is measured more often than can be shown. */
const showRuns = ({ perSecond: { runs } }: Line) =>
  runs.length > mostShownRuns
    ? `${showRate(Math.min(...runs))}–${showRate(Math.max(...runs))}`
    : runs.map(showRate).join(' ')

/** Columns as wide as their widest cell; numbers to the right. */
const drawTable = <T>(columns: readonly Column<T>[], items: readonly T[]): string => {
  const drawn = columns.map(([head, cell]) => {
    const cells = items.map(cell)
    const width = Math.max(head.length, ...cells.map(({ length }) => length))
    const isText = cells.some((text) => /^[a-zA-Z]{2}.*[a-z ]/.test(text))
    const align = (text: string) => (isText ? text.padEnd(width) : text.padStart(width))
    return [align(head), '─'.repeat(width), ...cells.map(align)]
  })
  return ['', '', ...items]
    .map((_, row) =>
      drawn
        .map((column) => column[row])
        .join('  ')
        .trimEnd(),
    )
    .join('\n')
}

export const drawRows = (lines: readonly Line[]): string =>
  drawTable(
    [
      ['row', ({ id, title }) => (id.includes(':') ? `  … those ${id.split(':')[1]}` : title)],
      ['engines', ({ target }) => engines[target]],
      ['req/s', rate],
      ['runs', showRuns],
      ['× bare', ratio],
      ['p50 ms', ({ p50Ms }) => fixed(p50Ms.median)],
      ['p99 ms', p99],
      ['RSS MB', ({ rssMb }) => count(rssMb)],
      ['CPU', ({ serverCpu }) => (serverCpu === undefined ? 'n/a' : `${Math.round(serverCpu * 100)} %`)],
      ['µs CPU', ({ cpuUs }) => count(cpuUs)],
      ['store', ({ storeTrips }) => fixed(storeTrips)],
      ['db', ({ databaseTrips }) => fixed(databaseTrips)],
      ['failed', ({ failed }) => String(failed)],
    ],
    lines.filter(({ target }) => target !== 'peer'),
  )

const drawUnder = <T>(title: string, columns: readonly Column<T>[], items: readonly T[]): string =>
  items.length === 0 ? '' : `${title}\n\n${drawTable(columns, items)}`

/** Sessions beside password logins, and what they were without. */
export const drawMixed = (lines: readonly Line[]): string => {
  const find = (id: string) => lines.find((line) => line.id === id)
  const pairs = [
    ['session/memory', 'mixed/memory'],
    ['session/redis', 'mixed/redis'],
    ['peer-session', 'peer-mixed'],
  ].flatMap(([aloneId = '', besideId = '']) => {
    const [alone, beside, logins] = [find(aloneId), find(besideId), find(`${besideId}:logins`)]
    return alone && beside && logins ? [{ alone, beside, logins }] : []
  })
  return drawUnder(
    'Session checks while plain passwords are hashed',
    [
      ['engines', ({ alone }) => engines[alone.target]],
      ['alone/s', ({ alone }) => rate(alone)],
      ['beside/s', ({ beside }) => rate(beside)],
      ['of it', ({ alone, beside }) => quotient(beside.perSecond.median, alone.perSecond.median)],
      ['p99 alone', ({ alone }) => p99(alone)],
      ['p99 beside', ({ beside }) => p99(beside)],
      ['of it', ({ alone, beside }) => quotient(beside.p99Ms.median, alone.p99Ms.median)],
      ['logins/s', ({ logins }) => rate(logins)],
    ],
    pairs,
  )
}

/** Ours and theirs, the same job. */
export const drawPeer = (lines: readonly Line[]): string => {
  const pairs = [
    ['session check', 'peer-session', 'session-json/redis'],
    ['sign-in with a password', 'peer-password', 'password/redis'],
    ['session check while signing in', 'peer-mixed', 'mixed/redis'],
    ['  … those sign-ins', 'peer-mixed:logins', 'mixed/redis:logins'],
  ].flatMap(([title = '', theirsId, oursId]) => {
    const theirs = lines.find(({ id }) => id === theirsId)
    const ours = lines.find(({ id }) => id === oursId)
    return theirs && ours ? [{ title, theirs, ours }] : []
  })
  type Pair = (typeof pairs)[number]
  const columnsOf = (name: 'theirs' | 'ours'): Column<Pair>[] => [
    [`${name}/s`, (pair) => rate(pair[name])],
    ['× bare', (pair) => ratio(pair[name])],
    ['p99 ms', (pair) => p99(pair[name])],
    ['RSS MB', (pair) => count(pair[name].rssMb)],
  ]
  return drawUnder(
    'Better Auth beside Torii, both with Redis and MariaDB',
    [
      ['the same job', ({ title }) => title],
      ...columnsOf('theirs'),
      ...columnsOf('ours'),
      ['ours ÷ theirs', ({ theirs, ours }) => quotient(ours.perSecond.median, theirs.perSecond.median)],
      ['failed', ({ theirs, ours }) => String(theirs.failed + ours.failed)],
    ],
    pairs,
  )
}

export const drawStarts = (starts: readonly Start[]): string =>
  starts
    .map(({ target, startMs, rssMb }) => {
      const name = target === 'bare' ? 'bare Fastify' : engines[target]
      return `${name} ${Math.round(startMs)} ms (${count(rssMb)} MB)`
    })
    .join(' · ')

/** The word filter, and a loop of regular expressions over the same list. */
export const drawWords = (figures: readonly WordFigures[]): string =>
  drawUnder(
    'Word filter, in CPU time',
    [
      ['words', ({ words }) => count(words)],
      ['build ms', ({ buildMs }) => count(buildMs)],
      ['longest slice ms', ({ sliceMs }) => sliceMs.toFixed(1)],
      ['MB', ({ megabytes }) => megabytes.toFixed(1)],
      ['characters', ({ length }) => count(length)],
      ['texts/s', ({ perSecond }) => count(perSecond)],
      ['the loop/s', ({ loopPerSecond }) => showRate(loopPerSecond)],
      ['of it', ({ perSecond, loopPerSecond }) => `${count(perSecond / loopPerSecond)} ×`],
    ],
    figures.flatMap(({ texts, ...list }) => texts.map((text) => ({ ...list, ...text }))),
  )
