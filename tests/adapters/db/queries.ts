/** Every query of every repo, found by calling all that the repos export. */
import { readdirSync, readFileSync } from 'node:fs'
import type { Profiler } from 'node:inspector'
import { Session } from 'node:inspector/promises'
import { join } from 'node:path'
import { fileURLToPath, pathToFileURL } from 'node:url'
import type { CompiledQuery, Dialect, Driver, KyselyPlugin, QueryResult } from 'kysely'
import type { Executor } from '../../../src/adapters/db/index.ts'
import { Kysely } from '../../../src/adapters/db/kysely.ts'
import { createMysqlDialect } from '../../../src/adapters/db/mysql-compiler.ts'
import { createNamePlugins } from '../../../src/adapters/db/names.ts'
import { createSqliteDialect } from '../../../src/adapters/db/sqlite-compiler.ts'
import type { Tables } from '../../../src/adapters/db/tables.ts'
import type { DatabaseConfig } from '../../../src/config/index.ts'
import type { Engine } from './databases.ts'
import { createSample } from './samples.ts'

export type Query = Pick<CompiledQuery, 'sql' | 'parameters' | 'query'> & {
  /** Such as `accounts/repo findAccount`. */
  from: string
}

const features = fileURLToPath(import.meta.resolve('#root/dist/src/features'))

const listRepos = () =>
  readdirSync(features, { recursive: true, encoding: 'utf8' })
    .filter(
      (path) => path.endsWith('.js') && /\.(selectFrom|insertInto|updateTable|deleteFrom)\(/.test(read(path)),
    )
    .sort()

const read = (path: string) => readFileSync(join(features, path), 'utf8')

const dialects: Record<Engine, (driver: Driver) => Dialect> = {
  mysql: createMysqlDialect,
  sqlite: createSqliteDialect,
}

/** Every row has every column. */
const anyRows: KyselyPlugin = {
  transformQuery: ({ node }) => node,
  transformResult: async ({ result }) => ({ ...result, rows: [createSample(), createSample()] as never[] }),
}

/** A database that keeps what it is asked, and finds whatever is looked for, or nothing. */
const createRecorder = (engine: Engine, tables: DatabaseConfig['tables'], found: 'rows' | 'nothing') => {
  const recorded: CompiledQuery[] = []
  const connection = {
    async executeQuery<R>(query: CompiledQuery): Promise<QueryResult<R>> {
      recorded.push(query)
      return { rows: [], numAffectedRows: found === 'rows' ? 1n : 0n, insertId: 1n }
    },
    streamQuery: () => {
      throw new Error('results are not streamed')
    },
  }
  const none = async () => {}
  const driver: Driver = {
    init: none,
    acquireConnection: async () => connection,
    beginTransaction: none,
    commitTransaction: none,
    rollbackTransaction: none,
    releaseConnection: none,
    destroy: none,
  }
  const plugins = [...createNamePlugins(tables), ...(found === 'rows' ? [anyRows] : [])]
  const executor = new Kysely<Tables>({ dialect: dialects[engine](driver), plugins })
  // Some functions take the whole database, most of them one of its executors: this is both.
  const db: Executor = new Proxy(executor, {
    get(target, key) {
      if (key === 'engine') return engine
      if (key === 'read' || key === 'write') return db
      if (key === 'readFor') return () => db
      if (key === 'transaction') return (work: (trx: Executor) => unknown) => work(db)
      const member = Reflect.get(target, key)
      return typeof member === 'function' ? member.bind(target) : member
    },
  })
  return { db, recorded }
}

type Anything = (...values: unknown[]) => unknown

/** A function's parameters as they are written, as far as their names tell which of them is a database. */
const namesOf = (call: Anything): string[] => {
  const [, inside = ''] =
    /^(?:async\s*)?(?:function\s*\w*\s*)?\(?((?:[^(){}]|\{[^}]*\})*)/.exec(String(call)) ?? []
  return inside
    .replace(/\{[^}]*\}/g, 'members')
    .split(/=>|,/)
    .map((name) => name.trim())
    .slice(0, call.length || 1)
}

const isDatabase = (name: string) => /^(db|trx|executor)$/.test(name)

/** Calls a function; a factory's product too. */
const callWith = async (db: Executor, call: Anything, given: readonly unknown[] | undefined) => {
  const names = namesOf(call)
  const rest = [...(given ?? [])]
  const fill = (name: string) => {
    if (isDatabase(name)) return db
    return given === undefined || rest.length === 0 ? createSample() : rest.shift()
  }
  const made = await call(...names.map(fill), ...(given === undefined ? [] : rest))
  if (typeof made === 'function') await made(...namesOf(made as Anything).map(fill), ...rest)
}

/** Arguments beside the database, of calls that need others than samples; each list is one call. */
export type Calls = Record<string, readonly (readonly unknown[])[]>

/** Parts of repos that build a query, and that no call has reached. */
const findUnreached = (coverage: readonly Profiler.ScriptCoverage[]): string[] =>
  listRepos().flatMap((path) => {
    const { href } = pathToFileURL(join(features, path))
    const source = read(path)
    const ranges = coverage.find(({ url }) => url === href)?.functions.flatMap(({ ranges }) => ranges)
    if (ranges === undefined) return [`${path}: not loaded`]
    return ranges
      .filter(({ count }) => count === 0)
      .map(({ startOffset, endOffset }) => source.slice(startOffset, endOffset))
      .filter((text) => /\.(selectFrom|updateTable|deleteFrom|where\w*|orderBy|\w+Join)\(/.test(text))
      .map((text) => `${path}: ${text.slice(0, 200)}`)
  })

/** What the repos ask an engine for; and the functions whose call failed, which `calls` has to help. */
export const recordQueries = async (engine: Engine, tables: DatabaseConfig['tables'], calls: Calls) => {
  const queries: Query[] = []
  const problems = new Set<string>()
  const unused = new Set(Object.keys(calls))
  for (const path of listRepos()) {
    const exported: Record<string, unknown> = await import(pathToFileURL(join(features, path)).href)
    for (const [name, call] of Object.entries(exported)) {
      if (typeof call !== 'function') continue
      const from = `${path.replace(/\.js$/, '')} ${name}`
      unused.delete(from)
      for (const given of calls[from] ?? [undefined]) {
        for (const found of ['rows', 'nothing'] as const) {
          const { db, recorded } = createRecorder(engine, tables, found)
          await callWith(db, call as Anything, given).catch((error: Error) => {
            // Some functions throw where nothing is found.
            if (found === 'rows') problems.add(`${from}: ${error.message}`)
          })
          queries.push(...recorded.map((query) => ({ ...query, from })))
        }
      }
    }
  }
  for (const from of unused) problems.add(`${from}: there is no such function`)
  return { queries: unique(queries), problems: [...problems] }
}

const unique = (queries: readonly Query[]) => [
  ...new Map(queries.map((query) => [`${query.from} ${query.sql}`, query])).values(),
]

/** Runs `work` and returns the parts of repos that it left out. */
export const watchRepos = async (work: () => Promise<void>): Promise<string[]> => {
  const session = new Session()
  session.connect()
  try {
    await session.post('Profiler.enable')
    await session.post('Profiler.startPreciseCoverage', { callCount: true, detailed: true })
    await work()
    const { result } = await session.post('Profiler.takePreciseCoverage')
    return findUnreached(result)
  } finally {
    session.disconnect()
  }
}
