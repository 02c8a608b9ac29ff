/** The two become friends: by an answer, by the right answer to a question, or because both asked. */
import { Failure } from '../../../protocol/errors.ts'
import { deleteRequest } from '../requests/repo.ts'
import { type ActNeeds, type Pair, type Pairs, type RelationReply, replyOf } from './pair.ts'
import { type CountChange, putFriends } from './repo.ts'

export const createBefriend =
  (
    { limits }: Pick<ActNeeds, 'limits'>,
    { countTold, tell, count }: Pick<Pairs, 'countTold' | 'tell' | 'count'>,
  ) =>
  /** Tells the one who did not act. `hasAsked`: the other one did, so that no stranger causes the event. */
  async (pair: Pair, hasAsked: boolean, mine: CountChange = {}): Promise<RelationReply> => {
    const { trx, me, they, nowMs, state } = pair
    if (state.friends >= limits.mostFriends) throw new Failure('TOO_MANY_RELATIONS', { info: 'friends' })
    if (state.theirFriends >= limits.mostFriends)
      throw new Failure('TOO_MANY_RELATIONS', { info: 'friends of the other user' })
    await putFriends(trx, me, they, nowMs)
    if (state.sentState !== null) await deleteRequest(trx, me, they)
    if (state.receivedState !== null) await deleteRequest(trx, they, me)
    const told = hasAsked ? {} : countTold(pair)
    await count(pair, { ...mine, friends: 1 }, { ...told, friends: 1 })
    if (told) await tell(pair, 'friend.accepted')
    return replyOf(pair, { isFriend: true, isRequested: false })
  }

export type Befriend = ReturnType<typeof createBefriend>
