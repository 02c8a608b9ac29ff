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

/** Of all rows, those behind `after`, `most` at once: so no statement takes longer than a call may. */
export type Page<Place> = { after: Place; most: number }

/** `last`: where the next page begins; null behind the last one. */
export const countMoved = async (
  db: Executor,
  cost: number,
  { after, most }: Page<Buffer>,
): Promise<MoveCounts & { last: Buffer | null }> => {
  const counts = (isCounted: ReturnType<typeof hasMoved>) =>
    sql<number | null>`sum(case when v.verifier <> ${noVerifier} and ${isCounted} then 1 else 0 end)`
  const row = await db
    .selectFrom((eb) =>
      eb
        .selectFrom('verifiers')
        .select(['loginKey', 'verifier', 'nextVerifier'])
        .where('loginKey', '>', after)
        .orderBy('loginKey')
        .limit(most)
        .as('v'),
    )
    .select((eb) => [
      eb.fn.max('v.loginKey').as('last'),
      counts(sql<boolean>`1 = 1`).as('total'),
      counts(hasMoved(cost)).as('moved'),
      counts(isAt('v.nextVerifier', cost)).as('waiting'),
    ])
    .executeTakeFirstOrThrow()
  const { last, total, moved, waiting } = row
  return { last, logins: Number(total ?? 0), moved: Number(moved ?? 0), waiting: Number(waiting ?? 0) }
}

/** Accounts with a password that began a login since then, and have not moved by it: their clients send no next hash. */
export const countLeftBehind = async (
  db: Executor,
  { cost, since }: { cost: number; since: number },
  { after, most }: Page<number>,
): Promise<{ last: number | null; count: number }> => {
  const row = await db
    .selectFrom((eb) =>
      eb
        .selectFrom('accounts')
        .select('userId')
        .where('userId', '>', after)
        .orderBy('userId')
        .limit(most)
        .as('a'),
    )
    .select((eb) => [
      eb.fn.max('a.userId').as('last'),
      eb.fn
        .sum<number | null>(
          eb
            .case()
            .when(
              eb.and([
                eb.exists(
                  eb
                    .selectFrom('logins as l')
                    .select('l.loginId')
                    .whereRef('l.userId', '=', 'a.userId')
                    .where('l.authenticatedAt', '>=', since),
                ),
                eb.exists(
                  eb
                    .selectFrom('verifiers as v')
                    .select('v.userId')
                    .whereRef('v.userId', '=', 'a.userId')
                    .where('v.verifier', '!=', noVerifier),
                ),
                eb.not(
                  eb.exists(
                    eb
                      .selectFrom('verifiers as v')
                      .select('v.userId')
                      .whereRef('v.userId', '=', 'a.userId')
                      .where(hasMoved(cost)),
                  ),
                ),
              ]),
            )
            .then(1)
            .else(0)
            .end(),
        )
        .as('count'),
    ])
    .executeTakeFirstOrThrow()
  return { last: row.last, count: Number(row.count ?? 0) }
}

/** Keys of logins, and whether the new verifier of each waits. */
const findPage = (db: Executor, cost: number, { after, most }: Page<Buffer>) =>
  db
    .selectFrom('verifiers as v')
    .select((eb) => [
      'v.loginKey',
      eb.case().when(isAt('v.nextVerifier', cost)).then(1).else(0).end().as('isWaiting'),
    ])
    .where('v.loginKey', '>', after)
    .orderBy('v.loginKey')
    .limit(most)
    .execute()

export type Batch = { last: Buffer; swapped: number }

/** The new verifiers of a page take the places of the old ones. Undefined: there is no login behind `after`. */
export const swapBatch = async (
  db: Db,
  { cost, nowMs, ...page }: Page<Buffer> & { cost: number; nowMs: number },
): Promise<Batch | undefined> => {
  const rows = await findPage(db.write, cost, page)
  const last = rows.at(-1)?.loginKey
  if (!last) return undefined
  const keys = rows.filter(({ isWaiting }) => Number(isWaiting) > 0).map(({ loginKey }) => loginKey)
  if (keys.length === 0) return { last, swapped: 0 }
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
