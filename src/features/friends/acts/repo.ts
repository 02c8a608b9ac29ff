import type { Executor } from '../../../adapters/db/index.ts'
import { sql } from '../../../adapters/db/kysely.ts'
import { createStatement } from '../../../adapters/db/statement.ts'
import type { FriendCountsRow } from '../tables.ts'

const zero = {
  following: 0,
  fans: 0,
  mutual: 0,
  friends: 0,
  blocked: 0,
  askedDay: 0,
  asked: 0,
  toldDay: 0,
  told: 0,
}

const lockStatement = createStatement((db, { lower, higher }: { lower: number; higher: number }) =>
  db
    .insertInto('friendCounts')
    .values([
      { ...zero, userId: lower },
      { ...zero, userId: higher },
    ])
    .onConflict((conflict) =>
      conflict.column('userId').doUpdateSet((eb) => ({ userId: eb.ref('excluded.userId') })),
    ),
)

/**
 * Until the transaction ends, no other act on one of the two users runs. The lower number comes first in every process, so
 * that two acts never wait for each other.
 */
export const lockPair = async (trx: Executor, one: number, other: number): Promise<void> => {
  await lockStatement(trx, { lower: Math.min(one, other), higher: Math.max(one, other) })
}

const buildPair = (db: Executor, { userId, otherId }: { userId: number; otherId: number }) =>
  db
    .selectFrom('friendCounts as me')
    .innerJoin('friendCounts as they', (join) => join.on('they.userId', '=', otherId))
    .leftJoin('accounts as account', 'account.userId', 'me.userId')
    .leftJoin('accounts as target', 'target.userId', 'they.userId')
    .leftJoin('relations as mine', (join) =>
      join.onRef('mine.userId', '=', 'me.userId').onRef('mine.otherId', '=', 'they.userId'),
    )
    .leftJoin('relations as theirs', (join) =>
      join.onRef('theirs.userId', '=', 'they.userId').onRef('theirs.otherId', '=', 'me.userId'),
    )
    .leftJoin('blocks as blocked', (join) =>
      join.onRef('blocked.userId', '=', 'me.userId').onRef('blocked.otherId', '=', 'they.userId'),
    )
    .leftJoin('blocks as blocking', (join) =>
      join.onRef('blocking.userId', '=', 'they.userId').onRef('blocking.otherId', '=', 'me.userId'),
    )
    .leftJoin('friendRequests as sent', (join) =>
      join.onRef('sent.fromId', '=', 'me.userId').onRef('sent.toId', '=', 'they.userId'),
    )
    .leftJoin('friendRequests as received', (join) =>
      join.onRef('received.fromId', '=', 'they.userId').onRef('received.toId', '=', 'me.userId'),
    )
    .leftJoin('friendSettings as rule', 'rule.userId', 'they.userId')
    .leftJoin('friendAnswers as answered', (join) =>
      join.onRef('answered.toId', '=', 'they.userId').onRef('answered.fromId', '=', 'me.userId'),
    )
    .where('me.userId', '=', userId)
    .select(['me.following', 'me.friends', 'me.blocked', 'me.askedDay', 'me.asked'])
    .select(['they.friends as theirFriends', 'they.toldDay', 'they.told'])
    .select(['account.status as myStatus'])
    .select(['target.status', 'target.disabledUntil'])
    .select(['mine.followedAt as followsAt', 'mine.friendAt', 'mine.mutualAt'])
    .select(['theirs.followedAt as followedAt'])
    .select(['blocked.blockedAt as iBlockedAt', 'blocking.blockedAt as blockedMeAt'])
    .select(['sent.state as sentState', 'sent.expiresAt as sentUntil'])
    .select(['received.state as receivedState', 'received.expiresAt as receivedUntil'])
    .select(['rule.mode', 'rule.isFollowable', 'rule.question', 'rule.answerSealed', 'rule.questionAt'])
    .select(['rule.judgedDay', 'rule.judged'])
    .select(['answered.tries', 'answered.firstAt'])

export type PairState = Awaited<ReturnType<ReturnType<typeof buildPair>['execute']>>[number]

const pairStatements = {
  sqlite: createStatement(buildPair),
  // Neither account is erased before the act ends: what it adds would be left behind.
  mysql: createStatement((db, values: { userId: number; otherId: number }) =>
    buildPair(db, values).modifyEnd(sql`lock in share mode`),
  ),
}

/** All that acts have to know of two users, who are locked. */
export const findPair = async (
  trx: Executor,
  engine: 'mysql' | 'sqlite',
  userId: number,
  otherId: number,
): Promise<PairState> => {
  const [row] = (await pairStatements[engine](trx, { userId, otherId })).rows
  if (!row) throw new Error('the pair was not locked')
  return row
}

export type Counter = Exclude<keyof FriendCountsRow, 'userId'>
/** What is added to counters; those named day are set. */
export type CountChange = Partial<Record<Counter, number>>

/** Both users are locked. One statement. */
export const changeCounts = async (
  trx: Executor,
  changes: readonly { userId: number; change: CountChange }[],
): Promise<void> => {
  const names = [...new Set(changes.flatMap(({ change }) => Object.keys(change)))] as Counter[]
  if (names.length === 0) return
  await trx
    .updateTable('friendCounts')
    .set((eb) =>
      Object.fromEntries(
        names.map((name) => {
          const value = changes.reduce(
            (rest, { userId, change: { [name]: by } }) =>
              by === undefined
                ? rest
                : sql<number>`case when ${eb.ref('userId')} = ${userId} then ${
                    name.endsWith('Day') ? by : sql`${eb.ref(name)} + ${by}`
                  } else ${rest} end`,
            sql<number>`${eb.ref(name)}`,
          )
          return [name, value]
        }),
      ),
    )
    .where(
      'userId',
      'in',
      changes.map(({ userId }) => userId),
    )
    .execute()
}

/** Both directions, friends from now on. */
export const putFriends = async (trx: Executor, one: number, other: number, nowMs: number): Promise<void> => {
  const none = { followedAt: null, mutualAt: null, friendAt: nowMs, remark: null, permissions: null }
  await trx
    .insertInto('relations')
    .values([
      { ...none, userId: one, otherId: other },
      { ...none, userId: other, otherId: one },
    ])
    .onConflict((conflict) =>
      conflict
        .columns(['userId', 'otherId'])
        .doUpdateSet((eb) => ({ friendAt: eb.ref('excluded.friendAt') })),
    )
    .execute()
}

type Direction = { userId: number; otherId: number }

export const putFollow = async (
  trx: Executor,
  { userId, otherId }: Direction,
  { nowMs, isMutual }: { nowMs: number; isMutual: boolean },
): Promise<void> => {
  const mutualAt = isMutual ? nowMs : null
  await trx
    .insertInto('relations')
    .values({ userId, otherId, followedAt: nowMs, mutualAt, friendAt: null, remark: null, permissions: null })
    .onConflict((conflict) =>
      conflict.columns(['userId', 'otherId']).doUpdateSet((eb) => ({
        followedAt: eb.ref('excluded.followedAt'),
        mutualAt: eb.ref('excluded.mutualAt'),
      })),
    )
    .execute()
  if (isMutual) await setRelation(trx, { userId: otherId, otherId: userId }, { mutualAt })
}

export const setRelation = async (
  trx: Executor,
  { userId, otherId }: Direction,
  change: { followedAt?: null; mutualAt?: number | null },
): Promise<void> => {
  await trx
    .updateTable('relations')
    .set(change)
    .where('userId', '=', userId)
    .where('otherId', '=', otherId)
    .execute()
}

const eachDirection = (one: number, other: number) =>
  [
    { userId: one, otherId: other },
    { userId: other, otherId: one },
  ] as const

/** What friends were granted ends with the friendship. */
export const endFriendship = async (trx: Executor, one: number, other: number): Promise<void> => {
  for (const { userId, otherId } of eachDirection(one, other))
    await trx
      .updateTable('relations')
      .set({ friendAt: null, permissions: null })
      .where('userId', '=', userId)
      .where('otherId', '=', otherId)
      .execute()
}

/** A row without a follow or a friendship goes, or, with `all`, every row of the two. */
export const removeEmpty = async (
  trx: Executor,
  one: number,
  other: number,
  { all = false } = {},
): Promise<void> => {
  for (const { userId, otherId } of eachDirection(one, other)) {
    const rows = trx.deleteFrom('relations').where('userId', '=', userId).where('otherId', '=', otherId)
    await (all ? rows : rows.where('followedAt', 'is', null).where('friendAt', 'is', null)).execute()
  }
}

export const insertBlock = async (
  trx: Executor,
  { userId, otherId }: Direction,
  nowMs: number,
): Promise<void> => {
  await trx.insertInto('blocks').values({ userId, otherId, blockedAt: nowMs }).execute()
}

export const deleteBlock = async (trx: Executor, { userId, otherId }: Direction): Promise<void> => {
  await trx.deleteFrom('blocks').where('userId', '=', userId).where('otherId', '=', otherId).execute()
}
