import type { CompiledQuery } from 'kysely'

/** What no driver of ours does. */
export function refuseStream(): never {
  throw new Error('results are not streamed: read them page by page')
}

export async function refuseTransaction(): Promise<never> {
  throw new Error('use db.transaction')
}

/** Without a replica, or with one that may be written to, a write sent to `db.read` would go unnoticed. */
export function checkIsRead(query: CompiledQuery['query']): void {
  if (/^(Insert|Update|Delete|Merge)/.test(query.kind))
    throw new Error('db.read does not write: use db.write')
}
