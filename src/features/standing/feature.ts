/** Standing: what a user may not do at present, until when, and why; and the administrators who change it. */
import type { Sealer } from '../../adapters/crypto.ts'
import type { Executor } from '../../adapters/db/index.ts'
import { Failure } from '../../protocol/errors.ts'
import { type AdminWorld, feature, operation, type Personal, type World } from '../feature.ts'
import type { Outbox } from '../outbox/api.ts'
import { type ActNeeds, createAct } from './act.ts'
import type { Standing, Withheld, Withholding } from './api.ts'
import { type ChangeNeeds, createChange } from './change.ts'
import { createCheck, tellWithheld } from './check.ts'
import { deleteWithheldOf, findWithheldOf, removeOldWithheld } from './repo.ts'
import { createTell, type TellNeeds, type Told } from './tell.ts'
import { disableShape, enableShape } from './wire.ts'

const dayMs = 24 * 3_600_000

export const standing = feature({
  create: ({ clock }: AdminWorld) => {
    const find: Standing['find'] = async (executor, userIds) => {
      const found = new Map<number, Withheld[]>()
      if (userIds.length === 0) return found
      for (const { userId, ...row } of await findWithheldOf(executor, userIds, clock.now()))
        found.set(userId, [...(found.get(userId) ?? []), row])
      return found
    }
    const findTold: Standing['findTold'] = async (executor, userIds) =>
      new Map([...(await find(executor, userIds))].map(([userId, rows]) => [userId, rows.map(tellWithheld)]))
    const api: Standing = { check: createCheck(clock), find, findTold }
    const personal: Personal = {
      name: 'withheldCapabilities',
      collect: async (executor, userId) => ({
        rows: (await find(executor, [userId])).get(userId) ?? [],
      }),
      remove: deleteWithheldOf,
    }
    return {
      api,
      personal: [personal],
      retention: [{ name: 'withheld capabilities', keptMs: dayMs, remove: removeOldWithheld }],
    }
  },
})

export type DisablingNeeds = Omit<ChangeNeeds, 'clock'> &
  Pick<TellNeeds, 'addresses'> & {
    accounts: Pick<ActNeeds['accounts'], 'find' | 'lockAccounts'>
    openOutbox(sealer: Sealer): Outbox['add']
  }

/** What an administrator changes of a standing; here by a command. */
export const disabling = feature({
  create: ({ db, clock, config }: AdminWorld, needs: DisablingNeeds) => {
    const { accounts, addresses, openOutbox } = needs
    const [language = 'en'] = config.languages
    const change = createChange({ ...needs, clock })
    const tell = createTell({ addresses, language })

    /** `mailSealer` seals the mail to the user; undefined where none is sent. */
    const act = async (
      typed: string,
      { work, told }: { work(trx: Executor, userId: number): Promise<boolean>; told: Told },
      mailSealer?: Sealer,
    ) => {
      const { userId, status } = await accounts.find(typed)
      if (status === 'deleted') throw new Failure('USER_UNKNOWN', { info: 'This account is deleted.' })
      const changed = await db.transaction(async (trx) => {
        await accounts.lockAccounts(trx, [userId])
        const changed = await work(trx, userId)
        if (changed && mailSealer) await tell(trx, openOutbox(mailSealer), userId, told)
        return changed
      })
      return { userId, changed }
    }

    return {
      api: {
        change,
        tell,
        disable: (typed: string, withholding: Withholding, mailSealer?: Sealer) => {
          const work = (trx: Executor, userId: number) => change.disable(trx, userId, withholding)
          return act(typed, { work, told: { what: 'disabled', ...withholding } }, mailSealer)
        },
        enable: (typed: string, capability?: string, mailSealer?: Sealer) => {
          const work = (trx: Executor, userId: number) => change.enable(trx, userId, { capability })
          return act(typed, { work, told: { what: 'enabled', capability, atMs: clock.now() } }, mailSealer)
        },
      },
    }
  },
})

/** The same by a ticket whose user has a role. */
export const disablingByTicket = feature({
  create: ({ db, clock, store, config }: World, needs: Omit<ActNeeds, 'db' | 'clock' | 'store' | 'most'>) => {
    const act = createAct({ ...needs, db, clock, store, most: config.standing })
    return {
      api: {},
      operations: [
        operation(disableShape)(async (input, caller) => ({
          code: 'OK',
          ...(await act.disable(input, caller)),
        })),
        operation(enableShape)(async (input, caller) => ({
          code: 'OK',
          ...(await act.enable(input, caller)),
        })),
      ],
    }
  },
})
