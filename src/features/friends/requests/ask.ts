/** The whole rule of a friend request: who may ask, how often, and what comes of it. */
import { Failure } from '../../../protocol/errors.ts'
import type { Befriend } from '../acts/befriend.ts'
import {
  type ActNeeds,
  dayMs,
  type Pair,
  type Pairs,
  type RelationReply,
  receivedState,
  replyOf,
  sentState,
} from '../acts/pair.ts'
import type { FriendMode } from '../wire.ts'
import { countSent, putRequest } from './repo.ts'
import { makeRoom } from './room.ts'

export type Asked = {
  message: string
  /** The network of the caller. */
  site: string
}

export const createAsk = (
  { limits }: Pick<ActNeeds, 'limits'>,
  { checkVisible, countAsk, countTold, tell, count }: Pairs,
  befriend: Befriend,
) => {
  const checkAskable = (pair: Pair) => {
    checkVisible(pair)
    if (pair.state.iBlockedAt !== null) throw new Failure('BLOCKED_BY_YOU')
    if (sentState(pair) !== 'refused') return
    const until = Math.ceil((pair.state.sentUntil ?? 0) / 1_000)
    throw new Failure('REFUSED_BEFORE', { members: { until } })
  }

  /** The request waits for an answer. Asking again changes nothing. */
  const wait = async (pair: Pair, { message, site }: Asked): Promise<RelationReply> => {
    if (sentState(pair) !== undefined) return replyOf(pair)
    const { trx, me, they, appId, nowMs } = pair
    const asks = countAsk(pair)
    if ((await countSent(trx, me, nowMs)) >= limits.mostSent)
      throw new Failure('TOO_MANY_RELATIONS', { info: 'requests' })
    const isFull = await makeRoom(pair, site, limits)
    const expiresAt = nowMs + limits.requestDays * dayMs
    await putRequest(trx, {
      fromId: me,
      toId: they,
      appId,
      state: 'open',
      message,
      site,
      askedAt: nowMs,
      expiresAt,
    })
    // In a full list each request would be an event, as often as robots like.
    const told = isFull ? undefined : countTold(pair)
    await count(pair, asks, told ?? {})
    if (told) await tell(pair, 'friend.requested')
    return replyOf(pair, { isRequested: true })
  }

  const refuse = (): never => {
    throw new Failure('REQUESTS_CLOSED')
  }

  const byMode: Record<
    Exclude<FriendMode, 'question'>,
    (pair: Pair, asked: Asked) => Promise<RelationReply>
  > = {
    everyone: (pair) => befriend(pair, false, countAsk(pair)),
    ask: wait,
    nobody: async () => refuse(),
  }

  return {
    wait,
    /** Undefined: the receiver asks a question, and its answer decides. */
    ask: async (pair: Pair, asked: Asked): Promise<RelationReply | undefined> => {
      checkAskable(pair)
      const { state } = pair
      if (state.friendAt !== null) return replyOf(pair)
      const received = receivedState(pair)
      if (received === 'open' || received === 'ignored') return befriend(pair, true)
      const mode = state.mode ?? 'ask'
      return mode === 'question' ? undefined : byMode[mode](pair, asked)
    },
  }
}

export type Ask = ReturnType<typeof createAsk>
