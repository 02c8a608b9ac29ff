/** Blocking ends everything between the two. The blocked user sees of the other one what a stranger sees of no one. */
import type { TicketCaller } from '../../../http/caller.ts'
import { Failure } from '../../../protocol/errors.ts'
import { deleteRequest, setRequest } from '../requests/repo.ts'
import { type ActNeeds, type Pair, type Pairs, type RelationReply, replyOf } from './pair.ts'
import { type CountChange, deleteBlock, insertBlock, removeEmpty } from './repo.ts'

/** What both counters lose with all relations of the two. */
const lossesOf = ({
  followsAt,
  followedAt,
  friendAt,
  mutualAt,
}: Pair['state']): [CountChange, CountChange] => {
  const both = { friends: friendAt === null ? 0 : -1, mutual: mutualAt === null ? 0 : -1 }
  const follow = followsAt === null ? 0 : -1
  const fan = followedAt === null ? 0 : -1
  return [
    { ...both, following: follow, fans: fan },
    { ...both, following: fan, fans: follow },
  ]
}

export const createBlock = (
  { limits, recordEvent }: ActNeeds,
  { withPair, checkVisible, countTold, count, tell }: Pairs,
) => {
  const needsCapability = false

  const endRequests = async ({ trx, me, they, state }: Pair) => {
    if (state.receivedState !== null) await deleteRequest(trx, they, me)
    // It stays as refused: to block and to unblock is no way to ask once more.
    if (state.sentState !== null) await setRequest(trx, me, they, { state: 'refused' })
  }

  /** The blocker alone learns of the block; to the other one it looks as if the relation was ended. */
  const tellBoth = async (pair: Pair, isTold: boolean) => {
    const { trx, me, they, appId } = pair
    const blocked = () => recordEvent(trx, { userId: me, otherId: they, kind: 'friend.blocked', appId })
    const removed = async () => {
      if (isTold) await tell(pair, 'friend.removed')
    }
    for (const record of me < they ? [blocked, removed] : [removed, blocked]) await record()
  }

  return {
    block: (caller: TicketCaller, they: number): Promise<RelationReply> =>
      withPair(caller, they, { needsCapability }, async (pair) => {
        const { trx, me, nowMs, state } = pair
        if (state.iBlockedAt !== null) return replyOf(pair)
        checkVisible(pair)
        if (state.blocked >= limits.mostBlocked) throw new Failure('TOO_MANY_RELATIONS', { info: 'blocked' })
        await insertBlock(trx, { userId: me, otherId: they }, nowMs)
        const [mine, theirs] = lossesOf(state)
        const hadRelation = [state.followsAt, state.followedAt, state.friendAt].some(
          (since) => since !== null,
        )
        if (hadRelation) await removeEmpty(trx, me, they, { all: true })
        await endRequests(pair)
        // A follow of the blocker alone is no relation that the other one agreed to.
        const hadAgreed = state.followedAt !== null || state.friendAt !== null
        const told = hadAgreed ? countTold(pair) : undefined
        await count(pair, { ...mine, blocked: 1 }, { ...theirs, ...told })
        await tellBoth(pair, told !== undefined)
        return replyOf(pair, {
          isFollowing: false,
          isFan: false,
          isFriend: false,
          isBlocked: true,
          isRequested: false,
        })
      }),
    unblock: (caller: TicketCaller, they: number): Promise<RelationReply> =>
      withPair(caller, they, { needsCapability }, async (pair) => {
        const { trx, me } = pair
        if (pair.state.iBlockedAt === null) {
          checkVisible(pair)
          return replyOf(pair)
        }
        await deleteBlock(trx, { userId: me, otherId: pair.they })
        await count(pair, { blocked: -1 }, {})
        return replyOf(pair, { isBlocked: false })
      }),
  }
}
