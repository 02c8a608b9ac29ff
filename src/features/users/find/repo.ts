import type { Executor } from '../../../adapters/db/index.ts'
import { sql } from '../../../adapters/db/kysely.ts'
import { createStatement } from '../../../adapters/db/statement.ts'
import { type PersonRow, selectPersons } from '../profile/repo.ts'

/** Of these accounts those that others may see: a disabled one whose time is over is active. */
export const findActive = async (
  db: Executor,
  ids: readonly number[],
  nowMs: number,
): Promise<Set<number>> => {
  const rows = await db
    .selectFrom('accounts')
    .select('userId')
    .where('userId', 'in', ids)
    .where(({ or, and, eb }) =>
      or([
        eb('status', '=', 'active'),
        and([eb('status', '=', 'disabled'), eb('disabledUntil', '<=', nowMs)]),
      ]),
    )
    .execute()
  return new Set(rows.map(({ userId }) => userId))
}

export type FoundRow = PersonRow & { address: string | null }
const noAddress = sql<string | null>`null`.as('address')

const byNumberStatement = createStatement((db, { userId }: { userId: number }) =>
  selectPersons(db).select(noAddress).where('u.userId', '=', userId),
)

const byNameStatement = createStatement((db, { loginKey }: { loginKey: Buffer }) =>
  selectPersons(db)
    .innerJoin('verifiers as v', 'v.userId', 'u.userId')
    .select(noAddress)
    .where('v.loginKey', '=', loginKey),
)

const createByAddress = (allowed: 'p.findByEmail' | 'p.findByPhone') =>
  createStatement((db, { loginKey }: { loginKey: Buffer }) =>
    selectPersons(db)
      .innerJoin('addresses as m', 'm.userId', 'u.userId')
      .select((eb) => eb.ref('m.text').$castTo<string | null>().as('address'))
      .where('m.loginKey', '=', loginKey)
      .where(allowed, '=', 1),
  )

const byEmailStatement = createByAddress('p.findByEmail')
const byPhoneStatement = createByAddress('p.findByPhone')

export const findByNumber = async (db: Executor, userId: number): Promise<FoundRow[]> =>
  (await byNumberStatement(db, { userId })).rows

export const findByName = async (db: Executor, loginKey: Buffer): Promise<FoundRow[]> =>
  (await byNameStatement(db, { loginKey })).rows

/** One statement, whether no account has the address or its user does not want to be found by it. */
export const findByEmail = async (db: Executor, loginKey: Buffer): Promise<FoundRow[]> =>
  (await byEmailStatement(db, { loginKey })).rows

export const findByPhone = async (db: Executor, loginKey: Buffer): Promise<FoundRow[]> =>
  (await byPhoneStatement(db, { loginKey })).rows

type Range = { fromKey: Buffer; afterId: number; endKey: Buffer; most: number }

/** Ranges of bytes instead of LIKE: every character is meant as it is, on both engines. */
const nickStatement = createStatement((db, { fromKey, afterId, endKey, most }: Range) => {
  const sameKey = selectPersons(db)
    .select('u.nickKey')
    .where('u.nickKey', '=', fromKey)
    .where('u.userId', '>', afterId)
    .orderBy('u.userId')
    .limit(most)
  const laterKeys = selectPersons(db)
    .select('u.nickKey')
    .where('u.nickKey', '>', fromKey)
    .where('u.nickKey', '<', endKey)
    .orderBy('u.nickKey')
    .orderBy('u.userId')
    .limit(most)
  return db
    .selectFrom(sameKey.as('same'))
    .selectAll()
    .unionAll(db.selectFrom(laterKeys.as('later')).selectAll())
})

export type NickRow = PersonRow & { nickKey: Buffer | null }

/** Those after `fromKey` and `afterId`, in no order: at most `most` of the same key and `most` of later ones. */
export const findByNick = async (db: Executor, range: Range): Promise<NickRow[]> =>
  (await nickStatement(db, range)).rows

type Shown = { viewerId: number; ids: readonly number[]; nowMs: number }

/** Names and icons of these users, without those who block the viewer or whose account is not active. */
export const findShownRows = (db: Executor, { viewerId, ids, nowMs }: Shown) =>
  db
    .selectFrom('users as u')
    .innerJoin('accounts as a', 'a.userId', 'u.userId')
    .leftJoin('profiles as p', 'p.userId', 'u.userId')
    .leftJoin('blocks as b', (join) => join.onRef('b.userId', '=', 'u.userId').on('b.otherId', '=', viewerId))
    .select(['u.userId', 'u.userName', 'u.nickName', 'p.icon'])
    .where('u.userId', 'in', ids)
    .where('b.userId', 'is', null)
    .where(({ or, and, eb }) =>
      or([
        eb('a.status', '=', 'active'),
        and([eb('a.status', '=', 'disabled'), eb('a.disabledUntil', '<=', nowMs)]),
      ]),
    )
    .execute()
