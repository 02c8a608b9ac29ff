import type { InputOf, ReplyOf } from '../call.ts'
import type { Core } from '../core.ts'

/** One page of a history; docs/features/history.md has the kinds. `failures` is in the first page only. */
export type UserHistory = Pick<ReplyOf<'/v1/user/history'>, 'history' | 'cursor' | 'failures'>
export type HistoryWanted = Omit<InputOf<'/v1/user/history'>, 'token'>

export type HistoryVerbs = {
  /**
   * One page of the user's own sign-ins and changes of the account, the newest first, in all apps. Without `cursor` in the
   * reply the history is at its end. Times are unix seconds. Throws NOT_LOGGED_IN, PARAMETER_INVALID for a cursor of
   * another user.
   *
   * ```ts
   * const { history, failures, cursor } = await client.history({ limit: 20 })
   * const next = cursor && (await client.history({ limit: 20, cursor }))
   * ```
   */
  history(wanted?: HistoryWanted): Promise<UserHistory>
}

export const createHistoryVerbs = ({ send, tickets }: Core): HistoryVerbs => ({
  history: async (wanted = {}) => {
    const { history, cursor, failures } = await tickets.withSKey((token) =>
      send('/v1/user/history', Object.assign({ token }, wanted)),
    )
    return {
      history,
      ...(cursor !== undefined && { cursor }),
      ...(failures !== undefined && { failures }),
    }
  },
})
