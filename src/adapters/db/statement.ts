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
  const built = new WeakMap<object, CompiledQuery<Row>>()

  const get = (db: Executor, values: V) => {
    // The text depends on engine and names of tables; a transaction shares the adapter of its database.
    const { adapter } = db.getExecutor()
    const known = built.get(adapter)
    if (known) return known
    const places = Object.fromEntries(Object.keys(values).map((name) => [name, Symbol(name)]))
    const query = build(db, places as unknown as V).compile()
    built.set(adapter, query)
    return query
  }

  return (db, values) => {
    const query = get(db, values)
    const parameters = query.parameters.map((parameter) =>
      typeof parameter === 'symbol' ? values[parameter.description ?? ''] : parameter,
    )
    return db.executeQuery({ ...query, parameters })
  }
}
