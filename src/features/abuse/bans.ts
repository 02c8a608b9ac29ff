import type { Clock } from '../../adapters/clock.ts'
import type { Db } from '../../adapters/db/index.ts'
import { Failure } from '../../protocol/errors.ts'
import type { RecordAudit } from '../audit/api.ts'
import type { RecordChange } from '../change-log/api.ts'
import { type Ban, findBans, removeBan, replaceBan } from './repo.ts'

export type BansNeeds = {
  db: Db
  clock: Clock
  /** The first `bits` bits of an address as canonical CIDR. */
  networkOf(address: string, bits: number): string
  recordChange: RecordChange
  recordAudit: RecordAudit
}

/**
 * Bans live in the database and, whole, in every process: they hold while the store is away or comes back empty,
 * cost no trip, and may name ranges. `load` is called at the start and whenever an administrator changed them.
 */
export const createBans = ({ db, clock, networkOf, recordChange, recordAudit }: BansNeeds) => {
  let bans = new Map<string, Ban>()
  let lengths: number[] = []

  const load = async () => {
    const found = await findBans(db.write, clock.now())
    bans = new Map(found.map((ban) => [ban.network, ban]))
    lengths = [...new Set(found.map(({ network }) => Number(network.split('/')[1])))]
  }

  const find = (address: string): Ban | undefined => {
    for (const bits of lengths) {
      const ban = bans.get(networkOf(address, bits))
      if (ban && ban.bannedUntil > clock.now()) return ban
    }
    return undefined
  }

  return {
    load,
    find,
    /** Throws ADDRESS_BANNED. */
    check: (address: string) => {
      const ban = find(address)
      if (!ban) return
      const seconds = Math.ceil((ban.bannedUntil - clock.now()) / 1_000)
      throw new Failure('ADDRESS_BANNED', {
        members: { until: Math.ceil(ban.bannedUntil / 1_000), reason: ban.reason },
        retryAfterSeconds: seconds,
      })
    },
    list: () => findBans(db.write, clock.now()),
    ban: async (network: string, bannedUntil: number, reason: string): Promise<Ban> => {
      const ban = { network, bannedUntil, reason, createdAt: clock.now() }
      await db.transaction(async (trx) => {
        await replaceBan(trx, ban)
        await recordAudit(trx, { kind: 'ban.added', network, detail: { reason, bannedUntil } })
        await recordChange(trx, 'bans', network)
      })
      return ban
    },
    /** False if no such ban holds. */
    unban: (network: string): Promise<boolean> =>
      db.transaction(async (trx) => {
        const removed = await removeBan(trx, network, clock.now())
        if (!removed) return false
        await recordAudit(trx, { kind: 'ban.removed', network })
        await recordChange(trx, 'bans', network)
        return true
      }),
  }
}
