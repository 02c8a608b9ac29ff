import type { FriendMode } from './wire.ts'

declare module '../../adapters/db/tables.ts' {
  interface Tables {
    relations: RelationRow
    blocks: BlockRow
    friendRequests: FriendRequestRow
    friendCounts: FriendCountsRow
    friendSettings: FriendSettingsRow
    friendAnswers: FriendAnswersRow
  }
}

/**
 * What one user holds towards another. The row exists while `userId` follows `otherId` or is their friend, and goes
 * with the last of the two. All apps share it. It has a counterpart, from `otherId` to `userId`, of its own.
 */
export type RelationRow = {
  userId: number
  otherId: number
  /** Since when `userId` follows `otherId`; null: does not follow. */
  followedAt: number | null
  /** Since when the two follow each other; the same in the counterpart, or null in both. */
  mutualAt: number | null
  /** Since when they are friends; the same in the counterpart, or null in both. */
  friendAt: number | null
  /** What `userId` calls `otherId`. */
  remark: string | null
  /** Bits that `userId` grants `otherId`; null: those that the app grants by default. They end with a friendship. */
  permissions: number | null
}

/** `userId` has blocked `otherId`. A blocked pair has no relation and no request, in either direction. */
export type BlockRow = { userId: number; otherId: number; blockedAt: number }

/**
 * `fromId` asks `toId` to be friends. The receiver sees `open` ones alone. To the sender an ignored request looks like
 * an open one; a refused one stays until the sender may ask again.
 */
export type FriendRequestRow = {
  fromId: number
  toId: number
  /** The app that it came through. */
  appId: string
  state: 'open' | 'ignored' | 'refused'
  message: string
  /** The network that it came from, so that one network cannot take all the room in a list. Shown to no one. */
  site: string
  askedAt: number
  /** From then on it is as if it were not there, and retention removes it. */
  expiresAt: number
}

/**
 * The counters of a user; no row: all are 0. They change in the transaction of what they count. Acts on two users begin
 * by locking the rows of both, the lower number first (`lockPair`).
 */
export type FriendCountsRow = {
  userId: number
  following: number
  fans: number
  mutual: number
  friends: number
  blocked: number
  /** How often the user asked or followed on the day `askedDay` (days since 1970). */
  askedDay: number
  asked: number
  /** How many events others caused in the user's list on the day `toldDay`: beyond a bound they would push out the rest. */
  toldDay: number
  told: number
}

/** Who may ask a user; no row: everyone may ask, and may follow. */
export type FriendSettingsRow = {
  userId: number
  mode: FriendMode
  isFollowable: number
  question: string | null
  /** Salt and slow hash of the answer's canonical form, sealed. */
  answerSealed: Buffer | null
  /** When the question was set: tries before then do not count. */
  questionAt: number | null
  /** How many answers were judged on the day `judgedDay`, of all askers together. */
  judgedDay: number
  judged: number
}

/** Answers that `fromId` gave to the question of `toId` since `firstAt`. */
export type FriendAnswersRow = { toId: number; fromId: number; tries: number; firstAt: number }
