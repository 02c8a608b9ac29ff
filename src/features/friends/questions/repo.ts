import type { Executor } from '../../../adapters/db/index.ts'
import type { FriendAnswersRow, FriendSettingsRow } from '../tables.ts'

export const findSettings = (db: Executor, userId: number): Promise<FriendSettingsRow | undefined> =>
  db.selectFrom('friendSettings').selectAll().where('userId', '=', userId).executeTakeFirst()

export const putSettings = async (trx: Executor, row: FriendSettingsRow): Promise<void> => {
  await trx
    .insertInto('friendSettings')
    .values(row)
    .onConflict((conflict) =>
      conflict.column('userId').doUpdateSet((eb) => ({
        mode: eb.ref('excluded.mode'),
        isFollowable: eb.ref('excluded.isFollowable'),
        question: eb.ref('excluded.question'),
        answerSealed: eb.ref('excluded.answerSealed'),
        questionAt: eb.ref('excluded.questionAt'),
      })),
    )
    .execute()
}

export const putTries = async (trx: Executor, row: FriendAnswersRow): Promise<void> => {
  await trx
    .insertInto('friendAnswers')
    .values(row)
    .onConflict((conflict) =>
      conflict
        .columns(['toId', 'fromId'])
        .doUpdateSet((eb) => ({ tries: eb.ref('excluded.tries'), firstAt: eb.ref('excluded.firstAt') })),
    )
    .execute()
}

export const deleteTries = async (trx: Executor, toId: number, fromId: number): Promise<void> => {
  await trx.deleteFrom('friendAnswers').where('toId', '=', toId).where('fromId', '=', fromId).execute()
}

export const setJudged = async (
  trx: Executor,
  userId: number,
  change: Pick<FriendSettingsRow, 'judgedDay' | 'judged'>,
): Promise<void> => {
  await trx.updateTable('friendSettings').set(change).where('userId', '=', userId).execute()
}

export const removeOldTries = async (db: Executor, before: number, most: number): Promise<number> => {
  const { numDeletedRows } = await db
    .deleteFrom('friendAnswers')
    .where('firstAt', '<', before)
    .orderBy('firstAt')
    .limit(most)
    .executeTakeFirst()
  return Number(numDeletedRows)
}
