import type { Db, Executor } from '../../../adapters/db/index.ts'
import { sql } from '../../../adapters/db/kysely.ts'
import { noVerifier } from '../verifier.ts'

/** A verifier says its cost at its end. */
const isAt = (column: string, cost: number) => sql<boolean>`${sql.ref(column)} like ${`%$${cost}`}`

const hasMoved = (cost: number) =>
  sql<boolean>`(${isAt('v.verifier', cost)} or ${isAt('v.nextVerifier', cost)})`

export type MoveCounts = {
  /** Names, numbers and addresses that a password opens. */
  logins: number
  moved: number
  /** Of them, those whose new verifier waits beside the old one. */
  waiting: number
}

export const countMoved = async (db: Executor, cost: number): Promise<MoveCounts> => {
  const row = await db
    .selectFrom('verifiers as v')
    .where('v.verifier', '!=', noVerifier)
    .select((eb) => [
      eb.fn.countAll().as('total'),
      sql<number | null>`sum(case when ${hasMoved(cost)} then 1 else 0 end)`.as('moved'),
      sql<number | null>`sum(case when ${isAt('v.nextVerifier', cost)} then 1 else 0 end)`.as('waiting'),
    ])
    .executeTakeFirstOrThrow()
  return { logins: Number(row.total), moved: Number(row.moved ?? 0), waiting: Number(row.waiting ?? 0) }
}

/** Accounts with a password that began a login since then, and have not moved by it: their clients send no next hash. */
export const countLeftBehind = async (db: Executor, cost: number, since: number): Promise<number> => {
  const row = await db
    .selectFrom('accounts as a')
    .select((eb) => eb.fn.countAll().as('count'))
    .where((eb) =>
      eb.exists(
        eb
          .selectFrom('logins as l')
          .select('l.loginId')
          .whereRef('l.userId', '=', 'a.userId')
          .where('l.authenticatedAt', '>=', since),
      ),
    )
    .where((eb) =>
      eb.exists(
        eb
          .selectFrom('verifiers as v')
          .select('v.userId')
          .whereRef('v.userId', '=', 'a.userId')
          .where('v.verifier', '!=', noVerifier),
      ),
    )
    .where((eb) =>
      eb.not(
        eb.exists(
          eb
            .selectFrom('verifiers as v')
            .select('v.userId')
            .whereRef('v.userId', '=', 'a.userId')
            .where(hasMoved(cost)),
        ),
      ),
    )
    .executeTakeFirstOrThrow()
  return Number(row.count)
}

/** Keys of logins whose new verifier waits, those after `after`. */
const findWaiting = async (db: Executor, cost: number, after: Buffer, most: number): Promise<Buffer[]> => {
  const rows = await db
    .selectFrom('verifiers as v')
    .select('v.loginKey')
    .where('v.loginKey', '>', after)
    .where(isAt('v.nextVerifier', cost))
    .orderBy('v.loginKey')
    .limit(most)
    .execute()
  return rows.map(({ loginKey }) => loginKey)
}

export type Batch = { last: Buffer; swapped: number }

/** The new verifiers of a batch take the places of the old ones. Undefined: none waits behind `after`. */
export const swapBatch = async (
  db: Db,
  { cost, after, most, nowMs }: { cost: number; after: Buffer; most: number; nowMs: number },
): Promise<Batch | undefined> => {
  const keys = await findWaiting(db.write, cost, after, most)
  const last = keys.at(-1)
  if (!last) return undefined
  const swapped = await db.transaction(async (trx) => {
    const { numUpdatedRows } = await trx
      .updateTable('verifiers')
      // In this order: MySQL assigns from left to right.
      .set((eb) => ({
        verifier: sql<string>`${eb.ref('nextVerifier')}`,
        nextVerifier: null,
        updatedAt: nowMs,
      }))
      .where('loginKey', 'in', keys)
      .where(isAt('nextVerifier', cost))
      .executeTakeFirst()
    return Number(numUpdatedRows)
  })
  return { last, swapped }
}
