import type { Executor } from '../../adapters/db/index.ts'
import type { FriendCountsRow } from './tables.ts'

export type { Drift, Recount } from './recount/recount.ts'

/** What a viewer and another user are to each other, seen by the viewer. */
export type Between = {
  isFollowing: boolean
  /** The other one follows the viewer. */
  isFan: boolean
  isFriend: boolean
  isBlockedByMe: boolean
  /** To the viewer, a user who blocks them is not there. */
  isBlockingMe: boolean
  /** What the viewer calls the other one. */
  remark: string | undefined
  /** Bits that the viewer grants the other one; undefined: those of the app's default. */
  granted: number | undefined
  grantedToMe: number | undefined
}

export type FriendCounts = Pick<FriendCountsRow, 'following' | 'fans' | 'mutual' | 'friends' | 'blocked'>

export type Relations = {
  /** One statement. Every id is in the map. A block must hold at once: read it on the primary where it decides. */
  findBetween(db: Executor, viewerId: number, ids: readonly number[]): Promise<Map<number, Between>>
  findCounts(db: Executor, ids: readonly number[]): Promise<Map<number, FriendCounts>>
}
