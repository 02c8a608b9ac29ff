import type { Core } from '../core.ts'

export type LeavingVerbs = {
  /**
   * Ends the account of the user: every login ends at once, and everything personal is erased at the time that this
   * returns (unix seconds). Until then a login takes it back. Throws FRESH_LOGIN_NEEDED where the user logged in more than
   * ten minutes ago (see `reauth`), and TOO_OFTEN.
   *
   * ```ts
   * const { finalAt } = await client.unregister()
   * ```
   */
  unregister(): Promise<{ finalAt: number }>
  /**
   * Everything that is held about the user, by table. The server makes it meanwhile, so this takes some seconds. Throws
   * FRESH_LOGIN_NEEDED, OVERLOADED. `isComplete` is false for more than the server exports.
   *
   * ```ts
   * const { tables } = await client.exportData()
   * ```
   */
  exportData(): Promise<{ isComplete: boolean; tables: Record<string, unknown[]> }>
  /**
   * Takes an account back that was about to leave, and forgets failed logins that hold it up, by a code that was sent for
   * `recover`. The user logs in afterwards. Throws CODE_WRONG, CODE_EXPIRED, ACCOUNT_DISABLED.
   *
   * ```ts
   * const { flow } = await client.sendCode({ purpose: 'recover', address })
   * await client.recover({ flow, code: '123456' })
   * ```
   */
  recover(given: { flow: string; code: string }): Promise<{ recovered: boolean; unlocked: boolean }>
}

const pauseMs = 1_000

const waitForExport = async ({ send, tickets }: Pick<Core, 'send' | 'tickets'>) => {
  for (;;) {
    const reply = await tickets.withSKey((token) => send('/v1/user/export', { token, export: true }))
    if (reply.state === 'ready') return reply
    await new Promise((resolve) => setTimeout(resolve, pauseMs))
  }
}

export const createLeavingVerbs = ({ send, tickets }: Core): LeavingVerbs => ({
  unregister: async () => {
    const { finalAt } = await tickets.withSKey((token) =>
      send('/v1/user/unregister', { token, unregister: true }),
    )
    // Forgets the tickets, which have ended.
    await tickets.logout(false)
    return { finalAt }
  },
  exportData: async () => {
    const { parts, isComplete } = await waitForExport({ send, tickets })
    const tables: Record<string, unknown[]> = {}
    for (let exportPart = 1; exportPart <= parts; exportPart++) {
      const { part } = await tickets.withSKey((token) => send('/v1/user/export/part', { token, exportPart }))
      const { table, rows } = JSON.parse(part) as { table: string; rows: unknown[] }
      tables[table] = [...(tables[table] ?? []), ...rows]
    }
    return { isComplete, tables }
  },
  recover: async (given) => {
    const { recovered, unlocked } = await send('/v1/user/recover', given)
    return { recovered, unlocked }
  },
})
