import type {
  DatabaseIntrospector,
  DeleteQueryNode,
  Dialect,
  Driver,
  Kysely,
  OperationNode,
  SelectModifierNode,
} from 'kysely'
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

  // As it is built here, SQLite knows no `delete … order by … limit`.
  protected override visitDeleteQuery(node: DeleteQueryNode): void {
    const { where, orderBy, limit, ...whole } = node
    super.visitDeleteQuery(limit ? whole : node)
    if (!limit) return
    this.append(' where rowid in (select rowid')
    for (const part of [node.from, where, orderBy, limit] as (OperationNode | undefined)[]) {
      if (!part) continue
      this.append(' ')
      this.visitNode(part)
    }
    this.append(')')
  }
}
