import type { InputOf, ReplyOf } from '../call.ts'
import type { Core } from '../core.ts'
import { confirmByPassword } from './addresses.ts'

/** The user's own profile, or what another user lets the caller see: absent members are not set, or not for the caller. */
export type UserProfile = ReplyOf<'/v1/user/get'>['user']

/** Members to change; what is absent stays as it is, and an empty text removes a member. */
export type ProfileChange = Omit<
  InputOf<'/v1/user/set'>,
  'token' | 'userName' | 'password' | 'oldHash' | 'clientHash' | 'nextClientHash' | 'salt'
>

export type UserSearch = Omit<InputOf<'/v1/user/find'>, 'token'>

/** `cursor`: where the list goes on; absent at its end. */
export type UsersFound = { users: UserProfile[]; cursor?: string }

export type UserVerbs = {
  /**
   * The user's own profile, or another user's by number. Throws USER_UNKNOWN, also for a user who is disabled or blocks this
   * one, and NOT_LOGGED_IN.
   *
   * ```ts
   * const { nickName, isFriend } = await client.userProfile('10042')
   * ```
   */
  userProfile(userId?: string): Promise<UserProfile>
  /**
   * Changes members of the profile and returns all of it. Throws PARAMETER_INVALID with the member, NAME_LENGTH,
   * TEXT_CHARACTERS, WORD_FORBIDDEN, CAPABILITY_WITHHELD, NOT_LOGGED_IN.
   *
   * ```ts
   * await client.setProfile({ nickName: 'Amber', privacy: { age: 'friends' }, findBy: { email: true } })
   * ```
   */
  setProfile(change: ProfileChange): Promise<UserProfile>
  /**
   * Another user name. `password`, the one of now, opens the account by the new name; leave it out where there is none.
   * Throws ALREADY_REGISTERED, TOO_OFTEN for a name that was changed lately, OLD_PASSWORD_WRONG, FRESH_LOGIN_NEEDED
   * without a password, and what `setProfile` throws.
   *
   * ```ts
   * await client.renameUser({ userName: 'amber.lind', password })
   * ```
   */
  renameUser(change: { userName: string; password?: string }): Promise<UserProfile>
  /**
   * Finds users: one by `number`, `userName`, `email` or `phone`, or by the beginning of the `nickName`, page by page.
   * Throws TOO_OFTEN, CAPABILITY_WITHHELD, PARAMETER_INVALID, NOT_LOGGED_IN.
   *
   * ```ts
   * const { users, cursor } = await client.findUsers({ by: 'nickName', text: 'amb' })
   * const more = cursor && (await client.findUsers({ by: 'nickName', text: 'amb', cursor }))
   * ```
   */
  findUsers(search: UserSearch): Promise<UsersFound>
}

export const createUserVerbs = (core: Core): UserVerbs => {
  const { send, tickets, passwords } = core
  return {
    userProfile: async (userId) => {
      const other = userId === undefined ? {} : { userId }
      return (await tickets.withSKey((token) => send('/v1/user/get', { token, ...other }))).user
    },
    setProfile: async (change) =>
      (await tickets.withSKey((token) => send('/v1/user/set', { token, ...change }))).user,
    renameUser: async ({ userName, password }) => {
      const made = password === undefined ? undefined : await passwords.hash(userName, password)
      const { user } = await confirmByPassword(core, password, (confirmed) =>
        tickets.withSKey((token) => send('/v1/user/set', { token, userName, ...made?.hashes, ...confirmed })),
      )
      return user
    },
    findUsers: async (search) => {
      const { users, cursor } = await tickets.withSKey((token) => send('/v1/user/find', { token, ...search }))
      return cursor === undefined ? { users } : { users, cursor }
    },
  }
}
