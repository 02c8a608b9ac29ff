/** Two tables and the notes that belong under them. */
import type { Line } from './results.ts'
import type { TargetName } from './rows.ts'

export type Start = { target: TargetName; startMs: number; rssMb: number | undefined }

const engines: Record<TargetName, string> = {
  bare: '–',
  memory: 'memory+SQLite',
  redis: 'Redis+MariaDB',
  peer: 'Better Auth',
}

const count = (value: number | undefined) =>
  value === undefined ? 'n/a' : Math.round(value).toLocaleString('en')
const fixed = (value: number | undefined, digits: number) =>
  value === undefined ? 'n/a' : value.toFixed(digits)
const times = (value: number | undefined) =>
  value === undefined || !Number.isFinite(value) ? 'n/a' : `${value.toFixed(2)} ×`
const mostShownRuns = 5
const ratio = (value: number) => (value < 0.01 ? value.toPrecision(2) : value.toFixed(value < 0.1 ? 3 : 2))
const perSecond = (value: number) => (value < 100 ? value.toFixed(1) : count(value))

/** Bare Fastify is measured more often than can be shown. */
const showRuns = (runs: readonly number[]) =>
  runs.length > mostShownRuns
    ? `${perSecond(Math.min(...runs))}–${perSecond(Math.max(...runs))}`
    : runs.map((value) => perSecond(value)).join(' ')

/** Columns as wide as their widest cell; numbers to the right. */
export const drawTable = (head: readonly string[], rows: readonly (readonly string[])[]): string => {
  const widths = head.map((cell, column) =>
    Math.max(cell.length, ...rows.map((row) => row[column]?.length ?? 0)),
  )
  const isText = head.map((_, column) => rows.some((row) => /^[a-zA-Z]{2}.*[a-z ]/.test(row[column] ?? '')))
  const draw = (row: readonly string[]) =>
    row
      .map((cell, column) =>
        isText[column] ? cell.padEnd(widths[column] ?? 0) : cell.padStart(widths[column] ?? 0),
      )
      .join('  ')
      .trimEnd()
  return [draw(head), widths.map((width) => '─'.repeat(width)).join('  '), ...rows.map(draw)].join('\n')
}

const titleOf = ({ id, title }: Line) => (id.includes(':') ? `  … those ${id.split(':')[1]}` : title)

export const drawRows = (lines: readonly Line[]): string =>
  drawTable(
    [
      'row',
      'engines',
      'req/s',
      'runs',
      '× bare',
      'p50 ms',
      'p99 ms',
      'RSS MB',
      'CPU',
      'µs CPU',
      'store',
      'db',
      'failed',
    ],
    lines
      .filter(({ target }) => target !== 'peer')
      .map((line) => [
        titleOf(line),
        engines[line.target],
        perSecond(line.perSecond.median),
        showRuns(line.perSecond.runs),
        ratio(line.ratio.median),
        fixed(line.p50Ms.median, 2),
        fixed(line.p99Ms.median, 2),
        count(line.rssMb),
        line.serverCpu === undefined ? 'n/a' : `${Math.round(line.serverCpu * 100)} %`,
        count(line.cpuUs),
        fixed(line.storeTrips, 2),
        fixed(line.databaseTrips, 2),
        String(line.failed),
      ]),
  )

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
  if (pairs.length === 0) return ''
  const rows = pairs.map(({ alone, beside, logins }) => [
    engines[alone.target],
    perSecond(alone.perSecond.median),
    perSecond(beside.perSecond.median),
    times(beside.perSecond.median / alone.perSecond.median),
    fixed(alone.p99Ms.median, 2),
    fixed(beside.p99Ms.median, 2),
    times(beside.p99Ms.median / alone.p99Ms.median),
    perSecond(logins.perSecond.median),
  ])
  const head = ['engines', 'alone/s', 'beside/s', 'of it', 'p99 alone', 'p99 beside', 'of it', 'logins/s']
  return `Session checks while plain passwords are hashed\n\n${drawTable(head, rows)}`
}

/** Ours and theirs, the same job. */
export const drawPeer = (lines: readonly Line[]): string => {
  const rows = [
    ['session check', 'peer-session', 'session-json/redis'],
    ['sign-in with a password', 'peer-password', 'password/redis'],
    ['session check while signing in', 'peer-mixed', 'mixed/redis'],
    ['  … those sign-ins', 'peer-mixed:logins', 'mixed/redis:logins'],
  ].flatMap(([title = '', theirsId, oursId]) => {
    const theirs = lines.find(({ id }) => id === theirsId)
    const ours = lines.find(({ id }) => id === oursId)
    if (!theirs || !ours) return []
    const figures = (line: Line) => [
      perSecond(line.perSecond.median),
      ratio(line.ratio.median),
      fixed(line.p99Ms.median, 2),
      count(line.rssMb),
    ]
    const multiple = times(ours.perSecond.median / theirs.perSecond.median)
    return [[title, ...figures(theirs), ...figures(ours), multiple, String(theirs.failed + ours.failed)]]
  })
  if (rows.length === 0) return ''
  const head = [
    'the same job',
    'theirs/s',
    '× bare',
    'p99 ms',
    'RSS MB',
    'ours/s',
    '× bare',
    'p99 ms',
    'RSS MB',
  ]
  return [
    'Better Auth beside Torii, both with Redis and MariaDB',
    '',
    drawTable([...head, 'ours ÷ theirs', 'failed'], rows),
  ].join('\n')
}

export const drawStarts = (starts: readonly Start[]): string =>
  starts
    .map(({ target, startMs, rssMb }) => {
      const name = target === 'bare' ? 'bare Fastify' : engines[target]
      return `${name} ${Math.round(startMs)} ms (${count(rssMb)} MB)`
    })
    .join(' · ')

export const drawFailures = (lines: readonly Line[]): string[] =>
  lines
    .filter(({ failed }) => failed > 0)
    .map(({ id, failed, failures }) => `${id}: ${failed} failed, such as: ${failures.join(' | ')}`)
