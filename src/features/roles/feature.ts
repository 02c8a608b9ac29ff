/** Roles: what users may do to others, by the table of the configuration; and names that apps give a meaning to. */
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
      findNames: async (executor, actings) => {
        if (actings.length === 0) return []
        const grants = await findGrantsOf(executor, [...new Set(actings.map(({ userId }) => userId))])
        return actings.map(({ userId, appId }) => {
          const counting = grants.filter((one) => one.userId === userId && ['', appId].includes(one.appId))
          return [...new Set(counting.map(({ role }) => role))]
        })
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
