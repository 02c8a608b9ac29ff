import type { Executor } from '../../../adapters/db/index.ts'
import { createStatement } from '../../../adapters/db/statement.ts'

/** A statement is built once, for so many users; fewer fill it by repeating one of them. */
const places = Array.from({ length: 101 }, (_, at) => `id${at}`)

export const mostAsked = places.length

const bondsStatement = createStatement((db, values: Record<string, number>) => {
  const { userId = 0, nowMs = 0 } = values
  return db
    .selectFrom('accounts as they')
    .leftJoin('relations as mine', (join) =>
      join.on('mine.userId', '=', userId).onRef('mine.otherId', '=', 'they.userId'),
    )
    .leftJoin('relations as theirs', (join) =>
      join.onRef('theirs.userId', '=', 'they.userId').on('theirs.otherId', '=', userId),
    )
    .leftJoin('blocks as blocked', (join) =>
      join.on('blocked.userId', '=', userId).onRef('blocked.otherId', '=', 'they.userId'),
    )
    .leftJoin('blocks as blocking', (join) =>
      join.onRef('blocking.userId', '=', 'they.userId').on('blocking.otherId', '=', userId),
    )
    .where(
      'they.userId',
      'in',
      places.map((name) => values[name] ?? 0),
    )
    .where((eb) =>
      eb.or([
        eb('they.status', '=', 'active'),
        eb.and([eb('they.status', '=', 'disabled'), eb('they.disabledUntil', '<=', nowMs)]),
      ]),
    )
    .select(['they.userId', 'mine.followedAt as followedAt', 'mine.friendAt as friendAt'])
    .select(['theirs.followedAt as fanAt', 'theirs.permissions as permissions'])
    .select(['blocked.blockedAt as blockedAt', 'blocking.blockedAt as blockingAt'])
})

/** What a user and each of the others are to each other; without those who are disabled, leaving or deleted. */
export const findBonds = async (
  db: Executor,
  { userId, ids, nowMs }: { userId: number; ids: readonly number[]; nowMs: number },
) => {
  const filled = places.map((name, at) => [name, ids[at] ?? userId] as const)
  const { rows } = await bondsStatement(db, { userId, nowMs, ...Object.fromEntries(filled) })
  return rows.map(({ userId, permissions, ...at }) => ({
    userId,
    permissions: permissions ?? undefined,
    isFollowing: at.followedAt !== null,
    isFan: at.fanAt !== null,
    isFriend: at.friendAt !== null,
    isBlockedByMe: at.blockedAt !== null,
    isBlockingMe: at.blockingAt !== null,
  }))
}
