import type { Executor } from '../../adapters/db/index.ts'
import { sql } from '../../adapters/db/kysely.ts'
import { createStatement } from '../../adapters/db/statement.ts'
import type { HeldNameRow } from './tables.ts'

type Name = { loginKey: Buffer; skeleton: Buffer; nowMs: number }

/** Those who hold a name, or one that looks like it, though they have it no longer. */
const selectHolders = (db: Executor, { loginKey, skeleton, nowMs }: Name) => {
  const holders = db.selectFrom('heldNames').select('userId').where('heldUntil', '>', nowMs)
  return holders.where('loginKey', '=', loginKey).unionAll(holders.where('skeleton', '=', skeleton))
}

type NewUser = Name & { userId: number; userName: string; nickName: string; nickKey: Buffer }

const columns = ['userId', 'userName', 'nickName', 'skeleton', 'nickKey', 'updatedAt'] as const

/**
 * The verifiers of the account are inserted before: the one with the same login key has made this transaction wait for one
 * that gives the name up, so that this statement sees the name as held.
 */
const userStatement = createStatement((db, user: NewUser) =>
  db
    .insertInto('users')
    .columns(columns)
    .expression((eb) =>
      eb
        .selectFrom(sql<{ one: number }>`(select 1 as one)`.as('asked'))
        .select([
          eb.val(user.userId).as('userId'),
          eb.val(user.userName).as('userName'),
          eb.val(user.nickName).as('nickName'),
          eb.val(user.skeleton).as('skeleton'),
          eb.val(user.nickKey).as('nickKey'),
          eb.val(user.nowMs).as('updatedAt'),
        ])
        .where((where) => where.not(where.exists(selectHolders(db, user)))),
    ),
)

/** False: the name is held. Fails as a duplicate where it is taken. */
export const insertUser = async (trx: Executor, user: NewUser): Promise<boolean> => {
  const { numAffectedRows } = await userStatement(trx, user)
  return Number(numAffectedRows) > 0
}

const takenStatement = createStatement((db, name: Name) =>
  db
    .selectFrom('verifiers')
    .select('userId')
    .where('loginKey', '=', name.loginKey)
    .unionAll(db.selectFrom('users').select('userId').where('skeleton', '=', name.skeleton))
    .unionAll(selectHolders(db, name)),
)

export const isNameTaken = async (db: Executor, name: Name): Promise<boolean> =>
  (await takenStatement(db, name)).rows.length > 0

type Renaming = Name & { userId: number; userName: string; renamedBefore: number }

/** False: the name is held by another user, or this one has chosen a name too lately. Fails as a duplicate where it is taken. */
export const updateUserName = async (trx: Executor, renaming: Renaming): Promise<boolean> => {
  const { userId, userName, skeleton, renamedBefore, nowMs } = renaming
  const { numUpdatedRows } = await trx
    .updateTable('users')
    .set({ userName, skeleton, renamedAt: nowMs, updatedAt: nowMs })
    .where('userId', '=', userId)
    .where(({ or, eb }) => or([eb('renamedAt', 'is', null), eb('renamedAt', '<=', renamedBefore)]))
    .executeTakeFirst()
  if (Number(numUpdatedRows) === 0) return false
  // After the update: it waits for a transaction that gives the name up, and that one holds it.
  const holders = await selectHolders(trx, renaming).execute()
  return holders.every((holder) => holder.userId === userId)
}

export const holdName = async (trx: Executor, row: HeldNameRow): Promise<void> => {
  await trx
    .insertInto('heldNames')
    .values(row)
    .onConflict((conflict) =>
      conflict.column('loginKey').doUpdateSet((eb) => ({
        skeleton: eb.ref('excluded.skeleton'),
        userId: eb.ref('excluded.userId'),
        heldUntil: eb.ref('excluded.heldUntil'),
      })),
    )
    .execute()
}

export const removeOldHeldNames = async (db: Executor, before: number, most: number): Promise<number> => {
  const { numDeletedRows } = await db
    .deleteFrom('heldNames')
    .where('heldUntil', '<', before)
    .orderBy('heldUntil')
    .limit(most)
    .executeTakeFirst()
  return Number(numDeletedRows)
}

/** For the export. */
export const collectHeldNames = async (db: Executor, userId: number) => {
  const held = db.selectFrom('heldNames').select(['loginKey', 'heldUntil']).where('userId', '=', userId)
  const rows = await held.execute()
  return rows.map(({ loginKey, heldUntil }) => ({ name: loginKey.toString(), heldUntil }))
}

export const deleteHeldNamesOf = async (trx: Executor, userId: number): Promise<void> => {
  await trx.deleteFrom('heldNames').where('userId', '=', userId).execute()
}

/** For the export. */
export const collectUser = (db: Executor, userId: number) =>
  db
    .selectFrom('users')
    .select(['userName', 'nickName', 'renamedAt', 'updatedAt'])
    .where('userId', '=', userId)
    .execute()

export const deleteUser = async (trx: Executor, userId: number): Promise<void> => {
  await trx.deleteFrom('users').where('userId', '=', userId).execute()
}
