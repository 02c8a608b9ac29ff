/** Ending a relation, which needs no consent. Repeating it changes nothing. */
import type { TicketCaller } from '../../../http/caller.ts'
import type { RemovedRelation } from '../wire.ts'
import { type Pair, type Pairs, type RelationReply, replyOf } from './pair.ts'
import { type CountChange, endFriendship, removeEmpty, setRelation } from './repo.ts'

type End = (pair: Pair) => Promise<RelationReply>

export const createRemove = ({ withPair, checkVisible, countTold, tell, count }: Pairs) => {
  const endFollow = async (pair: Pair, fan: number, followed: number, told: CountChange = {}) => {
    const { trx, me, state } = pair
    const isMutual = state.mutualAt !== null
    const direction = { userId: fan, otherId: followed }
    await setRelation(trx, direction, { followedAt: null, mutualAt: null })
    if (isMutual) await setRelation(trx, { userId: followed, otherId: fan }, { mutualAt: null })
    await removeEmpty(trx, fan, followed)
    const mutual = isMutual ? -1 : 0
    const [ofFan, ofFollowed] = [
      { following: -1, mutual },
      { fans: -1, mutual },
    ]
    await (fan === me ? count(pair, ofFan, ofFollowed) : count(pair, ofFollowed, { ...ofFan, ...told }))
  }

  /** There is nothing to end: with a user whom the caller may not know of, it is as if there were none. */
  const endNothing = (pair: Pair): RelationReply => {
    checkVisible(pair)
    return replyOf(pair)
  }

  const ends: Record<RemovedRelation, End> = {
    friend: async (pair) => {
      if (pair.state.friendAt === null) return endNothing(pair)
      await endFriendship(pair.trx, pair.me, pair.they)
      await removeEmpty(pair.trx, pair.me, pair.they)
      const told = countTold(pair)
      await count(pair, { friends: -1 }, { ...told, friends: -1 })
      if (told) await tell(pair, 'friend.removed')
      return replyOf(pair, { isFriend: false })
    },
    // The other one is not told: it is no relation that they agreed to.
    following: async (pair) => {
      if (pair.state.followsAt === null) return endNothing(pair)
      await endFollow(pair, pair.me, pair.they)
      return replyOf(pair, { isFollowing: false })
    },
    fan: async (pair) => {
      if (pair.state.followedAt === null) return endNothing(pair)
      const told = countTold(pair)
      await endFollow(pair, pair.they, pair.me, told)
      if (told) await tell(pair, 'friend.removed')
      return replyOf(pair, { isFan: false })
    },
  }

  return (
    caller: TicketCaller,
    they: number,
    relation: RemovedRelation | undefined,
  ): Promise<RelationReply> => {
    const usual = caller.app.friends === 'follow' ? 'following' : 'friend'
    return withPair(caller, they, { needsCapability: false }, ends[relation ?? usual])
  }
}
