/** Following, which needs no consent; a user may have shut it off. */
import { Failure } from '../../../protocol/errors.ts'
import { type ActNeeds, type Pair, type Pairs, type RelationReply, replyOf } from './pair.ts'
import { putFollow } from './repo.ts'

export const createFollow =
  ({ limits }: Pick<ActNeeds, 'limits'>, { checkVisible, countAsk, countTold, tell, count }: Pairs) =>
  async (pair: Pair): Promise<RelationReply> => {
    checkVisible(pair)
    const { trx, me, they, nowMs, state } = pair
    if (state.iBlockedAt !== null) throw new Failure('BLOCKED_BY_YOU')
    if (state.followsAt !== null) return replyOf(pair)
    if (state.isFollowable === 0) throw new Failure('REQUESTS_CLOSED')
    const asks = countAsk(pair)
    if (state.following >= limits.mostFollowing)
      throw new Failure('TOO_MANY_RELATIONS', { info: 'following' })
    const isMutual = state.followedAt !== null
    const mutual = isMutual ? 1 : 0
    await putFollow(trx, { userId: me, otherId: they }, { nowMs, isMutual })
    const told = countTold(pair)
    await count(pair, { ...asks, following: 1, mutual }, { ...told, fans: 1, mutual })
    if (told) await tell(pair, 'friend.followed')
    return replyOf(pair, { isFollowing: true })
  }

export type Follow = ReturnType<typeof createFollow>
