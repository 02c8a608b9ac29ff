/** What the receiver of a friend request does with it. The sender never learns that it was ignored. */
import type { TicketCaller } from '../../../http/caller.ts'
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
} from '../acts/pair.ts'
import { setRequest } from './repo.ts'

/** Throws REQUEST_UNKNOWN: there is none, it is over, or it was refused. */
const checkReceived = (pair: Pair) => {
  const state = receivedState(pair)
  if (state !== 'open' && state !== 'ignored') throw new Failure('REQUEST_UNKNOWN')
}

export const createDecide = (
  { limits }: Pick<ActNeeds, 'limits'>,
  { withPair }: Pick<Pairs, 'withPair'>,
  befriend: Befriend,
) => ({
  accept: (caller: TicketCaller, they: number): Promise<RelationReply> =>
    withPair(caller, they, { needsCapability: true }, async (pair) => {
      checkReceived(pair)
      if (!pair.isVisible) throw new Failure('REQUEST_UNKNOWN')
      return befriend(pair, true)
    }),
  /** The sender may ask again later. */
  refuse: (caller: TicketCaller, they: number): Promise<RelationReply> =>
    withPair(caller, they, { needsCapability: false }, async (pair) => {
      checkReceived(pair)
      const expiresAt = pair.nowMs + limits.askAgainDays * dayMs
      await setRequest(pair.trx, they, pair.me, { state: 'refused', expiresAt })
      return replyOf(pair)
    }),
  ignore: (caller: TicketCaller, they: number): Promise<RelationReply> =>
    withPair(caller, they, { needsCapability: false }, async (pair) => {
      checkReceived(pair)
      await setRequest(pair.trx, they, pair.me, { state: 'ignored' })
      return replyOf(pair)
    }),
})
