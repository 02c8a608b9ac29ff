import type { DatabaseIntrospector, Dialect, Driver, Kysely, OnConflictNode, ReferenceNode } from 'kysely'
import { MysqlAdapter, MysqlIntrospector, MysqlQueryCompiler } from './kysely.ts'

/** Kysely's MySQL, over a driver of ours. */
export const createMysqlDialect = (driver: Driver): Dialect => ({
  createAdapter: () => new MysqlAdapter(),
  createDriver: () => driver,
  createIntrospector: (db: Kysely<unknown>): DatabaseIntrospector => new MysqlIntrospector(db),
  createQueryCompiler: () => new UpsertCompiler(),
})

/**
 * Lets one query serve both engines: `onConflict(… .columns(…).doUpdateSet({ a: eb.ref('excluded.a') }))`
 * becomes `on duplicate key update a = values(a)`, which MySQL and MariaDB both take. Three differences stay:
 * here any broken unique key updates; assignments run from left to right and see those before them; and the
 * number of affected rows tells nothing.
 */
class UpsertCompiler extends MysqlQueryCompiler {
  protected override visitOnConflict(node: OnConflictNode): void {
    if (node.updates === undefined || node.updateWhere !== undefined || node.doNothing) {
      throw new Error('only onConflict(… .doUpdateSet(…)) has a counterpart in MySQL')
    }
    this.append('on duplicate key update ')
    this.compileList(node.updates)
  }

  protected override visitReference(node: ReferenceNode): void {
    if (node.table?.table.identifier.name !== 'excluded') {
      super.visitReference(node)
      return
    }
    this.append('values(')
    this.visitNode(node.column)
    this.append(')')
  }
}
