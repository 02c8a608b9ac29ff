/** What users grant each other, by the settings of an app: the one rule for lists, for acts and for backends. */
import type { CallerApp } from '../../http/caller.ts'
import { Failure } from '../../protocol/errors.ts'
import { namesOf, type Permission } from '../../protocol/permissions.ts'
import type { Between } from './api.ts'

/** What an app says of friends. */
export type Terms = Pick<CallerApp, 'friends' | 'friendDefaults' | 'strangerDefaults'>

export type Bond = Pick<Between, 'isFollowing' | 'isFan' | 'isFriend' | 'isBlockedByMe' | 'isBlockingMe'>

/** Where users follow each other, two who do are friends, too. */
export const areFriends = (terms: Terms, { isFriend, isFollowing, isFan }: Bond): boolean =>
  isFriend || (terms.friends === 'follow' && isFollowing && isFan)

/** `bits`: what the one who grants has said; undefined: what the app grants for them. A block ends all. */
export const grantsOf = (terms: Terms, bond: Bond, bits: number | undefined): readonly Permission[] => {
  if (bond.isBlockedByMe || bond.isBlockingMe) return []
  if (bits !== undefined) return namesOf(bits)
  return areFriends(terms, bond) ? terms.friendDefaults : terms.strangerDefaults
}

/** Throws FRIENDS_OFF for an app whose users have no friends. */
export const checkFriends = ({ friends, appId }: Pick<CallerApp, 'friends' | 'appId'>): void => {
  if (friends !== 'off') return
  throw new Failure('FRIENDS_OFF', { info: `torii app set ${appId} --friends friend, or follow` })
}
