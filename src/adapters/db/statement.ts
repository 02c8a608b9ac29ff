import type { Compilable, CompiledQuery, QueryResult } from 'kysely'
import type { Executor } from './index.ts'

type Values = Record<string, string | number | Buffer | null>

/**
 * A query that is built once for each database and from then on only filled: to build one takes longer than to send
 * it. `build` must not judge by the values that it gets: they only mark where those of each call go.
 */
export const createStatement = <V extends Values, Row>(
  build: (db: Executor, values: V) => Compilable<Row>,
): ((db: Executor, values: V) => Promise<QueryResult<Row>>) => {
  type Built = { query: CompiledQuery<Row>; names: (string | undefined)[] }
  const built = new WeakMap<object, Built>()

  const get = (db: Executor, values: V): Built => {
    // The text depends on engine and names of tables; a transaction shares the adapter of its database.
    const { adapter } = db.getExecutor()
    const known = built.get(adapter)
    if (known) return known
    const places = Object.fromEntries(Object.keys(values).map((name) => [name, Symbol(name)]))
    const query = build(db, places as unknown as V).compile()
    const names = query.parameters.map((it) => (typeof it === 'symbol' ? (it.description ?? '') : undefined))
    built.set(adapter, { query, names })
    return { query, names }
  }

  return (db, values) => {
    const { query, names } = get(db, values)
    const parameters = names.map((name, at) => (name === undefined ? query.parameters[at] : values[name]))
    return db.executeQuery({ ...query, parameters })
  }
}
