import type { ReplyOf } from '../call.ts'
import type { Core } from '../core.ts'

/** `user` is a user number, user name, e-mail address or phone. Without `capability`: the whole account. */
export type StandingOf = { user: string; capability?: string }
/** `reason` is told to the user; `until` is in unix seconds, without it for good. */
export type Disabling = StandingOf & { reason: string; until?: number }
/** `changed` is false where it was so already. */
export type StandingChanged = Pick<ReplyOf<'/v1/user/disable'>, 'userId' | 'changed'>

export type StandingVerbs = {
  /**
   * An administrator disables a user, or withholds one capability. Throws ROLE_NEEDED without a role that may do so,
   * USER_PROTECTED, USER_UNKNOWN, TOO_OFTEN, and FRESH_LOGIN_NEEDED where the administrator logged in more than an hour
   * ago.
   *
   * ```ts
   * await client.disableUser({ user: 'alice', capability: 'search', reason: 'too many searches' })
   * ```
   */
  disableUser(disabling: Disabling): Promise<StandingChanged>
  /**
   * An administrator enables a user, or gives a capability back. Throws as `disableUser`.
   *
   * ```ts
   * await client.enableUser({ user: 'alice', capability: 'search' })
   * ```
   */
  enableUser(enabling: StandingOf): Promise<StandingChanged>
}

export const createStandingVerbs = ({ send, tickets }: Core): StandingVerbs => ({
  disableUser: async ({ user, ...how }) => {
    const { userId, changed } = await tickets.withSKey((token) =>
      send('/v1/user/disable', Object.assign({ token, disable: user }, how)),
    )
    return { userId, changed }
  },
  enableUser: async ({ user, ...what }) => {
    const { userId, changed } = await tickets.withSKey((token) =>
      send('/v1/user/enable', Object.assign({ token, enable: user }, what)),
    )
    return { userId, changed }
  },
})
