/** Roles: what users may do to others, by the table of the configuration; and names that apps give a meaning to. */
import type { Executor } from '../../adapters/db/index.ts'
import { Failure } from '../../protocol/errors.ts'
import type { LockAccounts } from '../accounts/api.ts'
import type { RecordAudit } from '../audit/api.ts'
import { type AdminWorld, feature, type Personal } from '../feature.ts'
import type { Roles } from './api.ts'
import { createGrants } from './grants.ts'
import { deleteGrantsOf, findCounting, findGrants, findGrantsOf } from './repo.ts'

export type RolesNeeds = { lockAccounts: LockAccounts; recordAudit: RecordAudit }

export const roles = feature({
  create: ({ config, db, clock }: AdminWorld, needs: RolesNeeds) => {
    const rightsOf = (role: string) => (Object.hasOwn(config.roles, role) ? (config.roles[role] ?? []) : [])

    const has: Roles['has'] = async (executor, acting, right) =>
      (await findCounting(executor, acting)).some((role) => rightsOf(role).includes(right))

    const api: Roles = {
      has,
      check: async (executor, acting, right) => {
        if (!(await has(executor, acting, right))) throw new Failure('ROLE_NEEDED', { info: right })
      },
      isStaff: async (executor, userId) =>
        (await findGrants(executor, userId)).some(({ role }) => rightsOf(role).length > 0),
      findOf: findGrants,
      findNames: async (executor: Executor, userIds, appId) => {
        const found = new Map<number, string[]>()
        if (userIds.length === 0) return found
        for (const { userId, role } of await findGrantsOf(executor, userIds, appId)) {
          const names = found.get(userId) ?? []
          if (!names.includes(role)) found.set(userId, [...names, role])
        }
        return found
      },
    }
    const personal: Personal = {
      name: 'roleGrants',
      collect: async (executor, userId) => ({ rows: await findGrants(executor, userId) }),
      remove: deleteGrantsOf,
    }
    return { personal: [personal], api: { ...api, rightsOf, ...createGrants({ ...needs, db, clock }) } }
  },
})
