import type { ReplyOf } from '../call.ts'
import type { Core } from '../core.ts'

/** A login of the user. Times are unix seconds; `isThis` marks the one of this client. */
export type UserDevice = ReplyOf<'/v1/device/list'>['devices'][number]

export type DeviceVerbs = {
  /**
   * Where the user is logged in, in all apps, the newest login first. Throws NOT_LOGGED_IN.
   *
   * ```ts
   * const others = (await client.devices()).filter(({ isThis }) => !isThis)
   * ```
   */
  devices(): Promise<UserDevice[]>
  /**
   * Gives a device another name, which it keeps at its next login. Returns the name as it is kept: letters, digits, blanks
   * and `,()_-'`, at most 40. Throws DEVICE_UNKNOWN, WORD_FORBIDDEN, TEXT_CHARACTERS.
   *
   * ```ts
   * await client.renameDevice({ id, name: 'Kitchen tablet' })
   * ```
   */
  renameDevice(change: { id: string; name: string }): Promise<string>
  /**
   * Logs the user out on a device, or on all others; returns how many logins ended. The owner of the account is told by
   * mail. Throws DEVICE_UNKNOWN, and FRESH_LOGIN_NEEDED where the user logged in more than some minutes ago.
   *
   * ```ts
   * await client.revokeDevice('others')
   * ```
   */
  revokeDevice(id: string): Promise<number>
}

export const createDeviceVerbs = ({ send, tickets }: Core): DeviceVerbs => ({
  devices: async () => (await tickets.withSKey((token) => send('/v1/device/list', { token }))).devices,
  renameDevice: async ({ id, name }) => {
    const { device } = await tickets.withSKey((token) =>
      send('/v1/device/rename', { token, rename: id, name }),
    )
    return device
  },
  revokeDevice: async (id) => {
    const { ended } = await tickets.withSKey((token) => send('/v1/device/revoke', { token, revoke: id }))
    return ended
  },
})
