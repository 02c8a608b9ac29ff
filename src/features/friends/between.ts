/** What two users are to each other, for all who have to know: one statement for up to a page of users. */
import type { Between, FriendCounts, Relations } from './api.ts'
import { findCountsRows, findPairRows } from './repo.ts'

const strangers = (): Between => ({
  isFollowing: false,
  isFan: false,
  isFriend: false,
  isBlockedByMe: false,
  isBlockingMe: false,
  remark: undefined,
  granted: undefined,
  grantedToMe: undefined,
})

const none: FriendCounts = { following: 0, fans: 0, mutual: 0, friends: 0, blocked: 0 }

export const relations: Relations = {
  findBetween: async (db, viewerId, ids) => {
    const found = new Map(ids.map((id) => [id, strangers()]))
    if (ids.length === 0) return found
    for (const row of await findPairRows(db, viewerId, ids)) {
      const isMine = row.userId === viewerId
      const between = found.get(isMine ? row.otherId : row.userId)
      if (!between) continue
      if (row.blockedAt !== null) {
        between[isMine ? 'isBlockedByMe' : 'isBlockingMe'] = true
        continue
      }
      between[isMine ? 'isFollowing' : 'isFan'] = row.followedAt !== null
      between.isFriend = row.friendAt !== null
      between[isMine ? 'granted' : 'grantedToMe'] = row.permissions ?? undefined
      if (isMine) between.remark = row.remark ?? undefined
    }
    return found
  },
  findCounts: async (db, ids) => {
    const found = new Map(ids.map((id) => [id, { ...none }]))
    if (ids.length === 0) return found
    for (const { userId, ...counts } of await findCountsRows(db, ids)) found.set(userId, counts)
    return found
  },
}
