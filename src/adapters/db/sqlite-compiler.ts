import type { DatabaseIntrospector, Dialect, Driver, Kysely, SelectModifierNode } from 'kysely'
import { SqliteAdapter, SqliteIntrospector, SqliteQueryCompiler } from './kysely.ts'

/** Kysely's SQLite, over a driver of ours. */
export const createSqliteDialect = (driver: Driver): Dialect => ({
  createAdapter: () => new SqliteAdapter(),
  createDriver: () => driver,
  createIntrospector: (db: Kysely<unknown>): DatabaseIntrospector => new SqliteIntrospector(db),
  createQueryCompiler: () => new OneWriterCompiler(),
})

class OneWriterCompiler extends SqliteQueryCompiler {
  // A transaction that writes is the only one here: `forUpdate()` has nothing left to lock.
  protected override visitSelectModifier(node: SelectModifierNode): void {
    if (node.modifier !== 'ForUpdate') super.visitSelectModifier(node)
  }
}
