/** How every act on two users begins: it locks both, and reads all that decides about them. */
import type { Clock } from '../../../adapters/clock.ts'
import type { Db, Executor } from '../../../adapters/db/index.ts'
import type { Config } from '../../../config/index.ts'
import type { TicketCaller } from '../../../http/caller.ts'
import { Failure } from '../../../protocol/errors.ts'
import type { RecordEvent } from '../../events/api.ts'
import type { Standing } from '../../standing/api.ts'
import { changeCounts, findPair, lockPair, type PairState } from './repo.ts'

export type ActNeeds = {
  db: Db
  clock: Clock
  limits: Config['friends']
  standing: Standing
  recordEvent: RecordEvent
}

export type Pair = {
  trx: Executor
  me: number
  they: number
  appId: string
  nowMs: number
  state: PairState
  /** A user whom the caller may know of: any other one is as if there were none. */
  isVisible: boolean
}

/** What the caller and the other user are to each other after an act. */
export type RelationReply = {
  userId: string
  isFollowing: boolean
  isFan: boolean
  isFriend: boolean
  isBlocked: boolean
  isRequested: boolean
}

export const dayMs = 86_400_000
export const dayOf = (nowMs: number) => Math.floor(nowMs / dayMs)

/** A request that is over counts no more, also before retention has removed it. */
export const sentState = ({ state, nowMs }: Pick<Pair, 'state' | 'nowMs'>) =>
  (state.sentUntil ?? 0) > nowMs ? (state.sentState ?? undefined) : undefined
export const receivedState = ({ state, nowMs }: Pick<Pair, 'state' | 'nowMs'>) =>
  (state.receivedUntil ?? 0) > nowMs ? (state.receivedState ?? undefined) : undefined

/** A user whose disabling is over is active, though the row says so at the next login alone. */
const isActive = ({ status, disabledUntil }: PairState, nowMs: number) =>
  status === 'active' || (status === 'disabled' && disabledUntil !== null && disabledUntil <= nowMs)

export const replyOf = (pair: Pair, change: Partial<RelationReply> = {}): RelationReply => ({
  userId: String(pair.they),
  isFollowing: pair.state.followsAt !== null,
  isFan: pair.state.followedAt !== null,
  isFriend: pair.state.friendAt !== null,
  isBlocked: pair.state.iBlockedAt !== null,
  // To its sender an ignored request looks like one that waits.
  isRequested: sentState(pair) === 'open' || sentState(pair) === 'ignored',
  ...change,
})

export const createPairs = ({ db, clock, limits, standing, recordEvent }: ActNeeds) => {
  type Act<T> = (pair: Pair) => Promise<T>

  /** `capability`: the act is refused to users from whom an administrator withholds it; what protects a user never is. */
  const withPair = async <T>(
    { app, ticket }: TicketCaller,
    they: number,
    { needsCapability }: { needsCapability: boolean },
    act: Act<T>,
  ): Promise<T> => {
    const me = ticket.userId
    if (app.friends === 'off') {
      const info = `torii app set ${app.appId} --friends friend, or follow`
      throw new Failure('FRIENDS_OFF', { info })
    }
    if (me === they) throw new Failure('FRIEND_SELF')
    return db.transaction(async (trx) => {
      if (needsCapability) await standing.check(trx, me, 'friend')
      await lockPair(trx, me, they)
      const state = await findPair(trx, db.engine, me, they)
      const nowMs = clock.now()
      // The login may have ended since its ticket was checked: an erased account gets no new rows.
      if (state.myStatus !== 'active') throw new Failure('NOT_LOGGED_IN')
      const isVisible = isActive(state, nowMs) && state.blockedMeAt === null
      return act({ trx, me, they, appId: app.appId, nowMs, state, isVisible })
    })
  }

  const checkVisible = ({ isVisible }: Pair) => {
    if (!isVisible) throw new Failure('USER_UNKNOWN')
  }

  /** The counters of asking once more. Throws TOO_OFTEN until the next day. */
  const countAsk = ({ state, nowMs }: Pair): { askedDay: number; asked: number } => {
    const today = dayOf(nowMs)
    const isToday = state.askedDay === today
    if (isToday && state.asked >= limits.asksPerDay)
      throw new Failure('TOO_OFTEN', { retryAfterSeconds: ((today + 1) * dayMs - nowMs) / 1_000 })
    return { askedDay: today, asked: isToday ? 1 : 1 - state.asked }
  }

  /** Counts an event that strangers can cause; undefined when the user gets no more of them today. */
  const countTold = ({ state, nowMs }: Pair): { toldDay: number; told: number } | undefined => {
    const today = dayOf(nowMs)
    const isToday = state.toldDay === today
    if (isToday && state.told >= limits.eventsPerDay) return undefined
    return { toldDay: today, told: isToday ? 1 : 1 - state.told }
  }

  const tell = (
    { trx, me, they, appId }: Pair,
    kind: 'friend.requested' | 'friend.accepted' | 'friend.removed' | 'friend.followed',
  ) => recordEvent(trx, { userId: they, otherId: me, kind, appId })

  const count = ({ trx, me, they }: Pair, mine: Change, theirs: Change) =>
    changeCounts(trx, [
      { userId: me, change: mine },
      { userId: they, change: theirs },
    ])

  return { withPair, checkVisible, countAsk, countTold, tell, count }
}

type Change = Parameters<typeof changeCounts>[1][number]['change']

export type Pairs = ReturnType<typeof createPairs>
