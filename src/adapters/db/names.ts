import type { AliasNode, KyselyPlugin, QueryId, SchemableIdentifierNode } from 'kysely'
import type { DatabaseConfig } from '../../config/index.ts'
import { CamelCasePlugin, IdentifierNode, OperationNodeTransformer } from './kysely.ts'

type TableNames = DatabaseConfig['tables']

/** Kysely's plugins: the tables get their configured names, the columns are camelCase here and snake_case there. */
export const createNamePlugins = (tables: TableNames): KyselyPlugin[] => [
  createTableNamesPlugin(tables),
  new CamelCasePlugin({ maintainNestedObjectKeys: true }),
]

function createTableNamesPlugin(tables: TableNames): KyselyPlugin {
  const transformer = new TableNamesTransformer(new Map(Object.entries(tables)))
  return {
    transformQuery: ({ node, queryId }) => transformer.transformNode(node, queryId),
    transformResult: async ({ result }) => result,
  }
}

// Kysely is extended by subclasses only.
class TableNamesTransformer extends OperationNodeTransformer {
  readonly #names: ReadonlyMap<string, string>

  constructor(names: ReadonlyMap<string, string>) {
    super()
    this.#names = names
  }

  protected override transformSchemableIdentifier(
    node: SchemableIdentifierNode,
    queryId?: QueryId,
  ): SchemableIdentifierNode {
    const name = this.#names.get(node.identifier.name)
    if (name === undefined) return super.transformSchemableIdentifier(node, queryId)
    return { ...node, identifier: IdentifierNode.create(name) }
  }

  // A column of an alias looks like a column of a table: `devices.name` would be renamed although
  // `devices` is an alias here.
  protected override transformAlias(node: AliasNode, queryId?: QueryId): AliasNode {
    if (IdentifierNode.is(node.alias) && this.#names.has(node.alias.name)) {
      throw new Error(`the alias ${node.alias.name} is also the name of a table: choose another one`)
    }
    return super.transformAlias(node, queryId)
  }
}
