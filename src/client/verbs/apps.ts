import type { InputOf, ReplyOf } from '../call.ts'
import type { Core } from '../core.ts'

export type AppVerbs = {
  /**
   * Makes sure that this client is a device of its app. Every other verb does so on first use; with `renew` the device
   * gets a new secret in any case. Resolves with `t`, the device's id: 32 hex characters. Needs `appSecret`.
   *
   * ```ts
   * const { t } = await client.provision()
   * ```
   */
  provision(options?: { renew?: boolean }): Promise<{ t: string }>
  /**
   * Sends members and gets them back. It shows that envelope, clock and app are right.
   *
   * ```ts
   * const { greeting } = await client.echo({ greeting: '你好' })
   * ```
   */
  echo(members: InputOf<'/v1/echo'>): Promise<ReplyOf<'/v1/echo'>>
}

export const createAppVerbs = ({ options, devices, send }: Core): AppVerbs => ({
  provision: async ({ renew = false } = {}) => {
    if (options.appSecret === undefined) throw new TypeError('provisioning needs appSecret')
    const { t } = await (renew ? devices.renew() : devices.get())
    return { t }
  },
  echo: (members) => send('/v1/echo', members),
})
