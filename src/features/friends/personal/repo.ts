import type { Executor } from '../../../adapters/db/index.ts'
import type { FriendCounts } from '../api.ts'

/** What the user holds towards others, by their numbers. */
export const collectRelations = (db: Executor, userId: number, after: number, most: number) =>
  db
    .selectFrom('relations')
    .select(['otherId', 'followedAt', 'mutualAt', 'friendAt', 'remark', 'permissions'])
    .where('userId', '=', userId)
    .where('otherId', '>', after)
    .orderBy('otherId')
    .limit(most)
    .execute()

export const collectSent = (db: Executor, userId: number, after: number, most: number) =>
  db
    .selectFrom('friendRequests')
    .select(['toId', 'appId', 'message', 'state', 'askedAt', 'expiresAt'])
    .where('fromId', '=', userId)
    .where('toId', '>', after)
    .orderBy('toId')
    .limit(most)
    .execute()

export const collectReceived = (db: Executor, userId: number, after: number, most: number) =>
  db
    .selectFrom('friendRequests')
    .select(['fromId', 'appId', 'message', 'state', 'askedAt', 'expiresAt'])
    .where('toId', '=', userId)
    .where('fromId', '>', after)
    .orderBy('fromId')
    .limit(most)
    .execute()

export const collectSettings = (db: Executor, userId: number) =>
  db
    .selectFrom('friendSettings')
    .select(['mode', 'isFollowable', 'question', 'questionAt'])
    .where('userId', '=', userId)
    .execute()

export const collectAnswers = (db: Executor, userId: number, after: number, most: number) =>
  db
    .selectFrom('friendAnswers')
    .select(['toId', 'tries', 'firstAt'])
    .where('fromId', '=', userId)
    .where('toId', '>', after)
    .orderBy('toId')
    .limit(most)
    .execute()

/** Some of the users to whom the user has a relation, or who have one to the user. */
export const findRelated = async (db: Executor, userId: number, most: number): Promise<number[]> => {
  const from = db.selectFrom('relations').select('otherId').where('userId', '=', userId)
  const held = await from.orderBy('otherId').limit(most).execute()
  if (held.length > 0) return held.map(({ otherId }) => otherId)
  const to = db.selectFrom('relations').select('userId').where('otherId', '=', userId)
  return (await to.limit(most).execute()).map(({ userId }) => userId)
}

/** In the order of the numbers, as every act locks them. */
export const lockCountsOf = async (trx: Executor, ids: readonly number[]): Promise<void> => {
  await trx
    .selectFrom('friendCounts')
    .select('userId')
    .where('userId', 'in', ids)
    .orderBy('userId')
    .limit(ids.length)
    .forUpdate()
    .execute()
}

/** What a user and others hold towards each other, in both directions. */
export const findHeld = async (trx: Executor, userId: number, ids: readonly number[]) => {
  const rows = trx.selectFrom('relations').select(['userId', 'otherId', 'followedAt', 'mutualAt', 'friendAt'])
  const held = rows.where('userId', '=', userId).where('otherId', 'in', ids)
  return held.unionAll(rows.where('userId', 'in', ids).where('otherId', '=', userId)).execute()
}

export const deleteRelations = async (
  trx: Executor,
  userId: number,
  ids: readonly number[],
): Promise<void> => {
  await trx.deleteFrom('relations').where('userId', '=', userId).where('otherId', 'in', ids).execute()
  await trx.deleteFrom('relations').where('userId', 'in', ids).where('otherId', '=', userId).execute()
}

/** The same for each of these users, who are locked. */
export const subtractCounts = async (
  trx: Executor,
  ids: readonly number[],
  { following, fans, mutual, friends, blocked }: FriendCounts,
): Promise<void> => {
  await trx
    .updateTable('friendCounts')
    .set((eb) => ({
      following: eb('following', '-', following),
      fans: eb('fans', '-', fans),
      mutual: eb('mutual', '-', mutual),
      friends: eb('friends', '-', friends),
      blocked: eb('blocked', '-', blocked),
    }))
    .where('userId', 'in', ids)
    .execute()
}

/** Some of those who have blocked a user. */
export const findBlockers = async (db: Executor, userId: number, most: number): Promise<number[]> => {
  const rows = db.selectFrom('blocks').select('userId').where('otherId', '=', userId)
  return (await rows.limit(most).execute()).map(({ userId }) => userId)
}

/** Those of these users whose block it was. */
export const deleteBlocksOn = async (
  trx: Executor,
  userId: number,
  ids: readonly number[],
): Promise<number[]> => {
  const blocks = await trx
    .selectFrom('blocks')
    .select('userId')
    .where('userId', 'in', ids)
    .where('otherId', '=', userId)
    .execute()
  await trx.deleteFrom('blocks').where('userId', 'in', ids).where('otherId', '=', userId).execute()
  return blocks.map(({ userId }) => userId)
}

type Count = { numDeletedRows: bigint }
const countOf = ({ numDeletedRows }: Count) => Number(numDeletedRows)

export const deleteBlocksOf = async (db: Executor, userId: number, most: number): Promise<number> =>
  countOf(
    await db
      .deleteFrom('blocks')
      .where('userId', '=', userId)
      .orderBy('otherId')
      .limit(most)
      .executeTakeFirst(),
  )

export const deleteSent = async (db: Executor, userId: number, most: number): Promise<number> =>
  countOf(
    await db
      .deleteFrom('friendRequests')
      .where('fromId', '=', userId)
      .orderBy('toId')
      .limit(most)
      .executeTakeFirst(),
  )

export const deleteReceived = async (db: Executor, userId: number, most: number): Promise<number> =>
  countOf(
    await db
      .deleteFrom('friendRequests')
      .where('toId', '=', userId)
      .orderBy('state')
      .orderBy('askedAt')
      .limit(most)
      .executeTakeFirst(),
  )

export const deleteAnswersOf = async (db: Executor, userId: number, most: number): Promise<number> =>
  countOf(await db.deleteFrom('friendAnswers').where('fromId', '=', userId).limit(most).executeTakeFirst())

export const deleteAnswersTo = async (db: Executor, userId: number, most: number): Promise<number> =>
  countOf(
    await db
      .deleteFrom('friendAnswers')
      .where('toId', '=', userId)
      .orderBy('fromId')
      .limit(most)
      .executeTakeFirst(),
  )

export const deleteSettings = async (db: Executor, userId: number): Promise<number> =>
  countOf(await db.deleteFrom('friendSettings').where('userId', '=', userId).executeTakeFirst())

export const deleteCounts = async (db: Executor, userId: number): Promise<number> =>
  countOf(await db.deleteFrom('friendCounts').where('userId', '=', userId).executeTakeFirst())
