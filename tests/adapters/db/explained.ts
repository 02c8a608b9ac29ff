/** How an engine would run a query, and whether that takes longer the more rows there are. */
import type { Db } from '../../../src/adapters/db/index.ts'
import { sql } from '../../../src/adapters/db/kysely.ts'
import type { Query } from './queries.ts'
import { isSample, sampleText } from './samples.ts'

/** A query that puts in nothing but values needs no plan. */
export const hasPlan = ({ query, sql }: Query): boolean => {
  if (query.kind === 'InsertQueryNode') return query.values?.kind === 'SelectQueryNode'
  return /^\s*\(?(select|update|delete|insert|with)\b/i.test(sql)
}

/** The query as text: not every engine explains one with parameters. */
const writeOut = ({ sql: whole, parameters }: Query): string => {
  let place = 0
  const text = whole.replace(/(\b(?:limit|offset|in) )?\?/g, (_, before = '') => {
    const value = writeValue(parameters[place++])
    if (before === 'in ') return `in (${value}, ${value})`
    return /limit|offset/.test(before) ? `${before}20` : `${before}${value}`
  })
  return (
    text
      // A sample of new values has none.
      .replace(/^(update \S+ set) {2}where (\S+)/, '$1 $2 = $2 where $2')
      // What is put in comes from the query behind it.
      .replace(/^insert into \S+ \([^)]*\) (?=select)/, '')
      .replace(/ on (duplicate key update|conflict \().*$/, '')
  )
}

const writeValue = (value: unknown): string => {
  if (value === null) return 'null'
  if (isSample(value)) return `'${sampleText}'`
  if (Buffer.isBuffer(value)) return `x'${value.toString('hex')}'`
  return typeof value === 'number' ? String(value) : `'${String(value).replaceAll("'", "''")}'`
}

type Plan = { text: string; isBounded: boolean; small: ReadonlySet<string> }

/** Tables by the names that a query gives them. */
const namesIn = (text: string) =>
  new Map([...text.matchAll(/[`"](\w+)[`"] as [`"](\w+)[`"]/g)].map(([, table, alias]) => [alias, table]))

const judgeMysql = (row: Record<string, unknown>, { text, isBounded, small }: Plan): string[] => {
  const { type, Extra: extra, table: alias } = row
  const table = namesIn(text).get(String(alias)) ?? String(alias)
  const isFiltered = /Using where/.test(String(extra))
  const isScan = type === 'ALL' || (type === 'index' && (isFiltered || !isBounded))
  const isRead = isScan && !table.startsWith('<') && !small.has(table)
  const sorted = /Using (filesort|temporary)/.exec(String(extra))?.[0]
  return [
    ...(isRead ? [`reads all of ${table}`] : []),
    ...(sorted && !isBounded && !small.has(table) ? [`${sorted} without a limit`] : []),
  ]
}

const judgeSqlite = (row: Record<string, unknown>, { text, isBounded, small }: Plan): string[] => {
  const detail = String(row.detail)
  const [, alias = ''] = /^SCAN (\S+)/.exec(detail) ?? []
  const table = namesIn(text).get(alias) ?? alias
  const isPaged = isBounded && / USING /.test(detail) && !/\bwhere\b/i.test(text)
  const isRow = /^SCAN (CONSTANT ROW|\d+ CONSTANT ROWS|\(?subquery)/i.test(detail)
  const isDerived = text.includes(`) as "${alias}"`)
  const isScan = alias !== '' && !isRow && !isDerived && !isPaged && !small.has(table)
  // Its rows do not name the table that is sorted.
  const [, sorted = ''] = /\bfrom "(\w+)"/.exec(text) ?? []
  const isSorted = /^USE TEMP B-TREE/.test(detail) && !isBounded && !small.has(sorted)
  return [...(isScan ? [`reads all of ${table}`] : []), ...(isSorted ? ['sorts without a limit'] : [])]
}

const explainers = {
  mysql: ['EXPLAIN', judgeMysql],
  sqlite: ['EXPLAIN QUERY PLAN', judgeSqlite],
} as const

/** What is wrong with the plan of a query; nothing, as a rule. */
export const explain = async (
  db: Pick<Db, 'engine' | 'write'>,
  query: Query,
  small: ReadonlySet<string>,
): Promise<string[]> => {
  const text = writeOut(query)
  const plan = { text, small, isBounded: /\blimit \d/i.test(text) }
  const [verb, judge] = explainers[db.engine]
  const explained = await sql
    .raw<Record<string, unknown>>(`${verb} ${text}`)
    .execute(db.write)
    .catch(({ cause }: { cause?: unknown }) => String(cause))
  if (typeof explained === 'string') return [explained]
  return explained.rows.flatMap((row) => judge(row, plan))
}
