/** The businesses: what an administrator does to them, and what a server knows of them. */
import type { Clock } from '../../adapters/clock.ts'
import type { Db, Executor } from '../../adapters/db/index.ts'
import { Failure } from '../../protocol/errors.ts'
import type { RecordAudit } from '../audit/api.ts'
import type { RecordChange } from '../change-log/api.ts'
import type { Business } from './api.ts'
import { findBusinesses, insertBusiness, removeBusiness, updateBusiness } from './repo.ts'
import { isUnderRoute } from './routes.ts'
import type { BusinessRow } from './tables.ts'

export type BusinessesNeeds = {
  db: Db
  clock: Clock
  recordAudit: RecordAudit
  recordChange: RecordChange
}

export type BusinessChange = Partial<Omit<Business, 'name'>>

const toBusiness = ({ name, idleSeconds, routes, apps }: BusinessRow): Business => ({
  name,
  idleSeconds,
  routes: JSON.parse(routes),
  appIds: JSON.parse(apps),
})

const noBusiness = () => new Failure('BUSINESS_UNKNOWN')

export const createBusinesses = ({ db, clock, recordAudit, recordChange }: BusinessesNeeds) => {
  let known = new Map<string, Business>()

  const change = (kind: string, name: string, work: (trx: Executor) => Promise<boolean>): Promise<void> =>
    db.transaction(async (trx) => {
      if (!(await work(trx))) throw noBusiness()
      await recordAudit(trx, { kind, detail: { business: name } })
      await recordChange(trx, 'businesses', name)
    })

  return {
    /** Without a trip: a server keeps all of them, and learns of a change within half a second. */
    find: (name: string): Business | undefined => known.get(name),
    /** Whether users of this app get pSKeys of a business, and whether this path is one of its routes. */
    serves: (name: string, appId: string, path?: string): boolean => {
      const business = known.get(name)
      if (!business?.appIds.includes(appId)) return false
      return path === undefined || isUnderRoute(path, business.routes)
    },
    reload: async () => {
      known = new Map((await findBusinesses(db.write)).map((row) => [row.name, toBusiness(row)]))
    },
    list: async (): Promise<Business[]> => (await findBusinesses(db.write)).map(toBusiness),
    /** Throws ALREADY_REGISTERED for a name that is taken. */
    add: async ({ name, idleSeconds, routes, appIds }: Business): Promise<void> => {
      const row = {
        name,
        idleSeconds,
        routes: JSON.stringify(routes),
        apps: JSON.stringify(appIds),
        createdAt: clock.now(),
      }
      const insert = async (trx: Executor) => {
        await insertBusiness(trx, row)
        return true
      }
      await change('business.added', name, insert).catch((error) => {
        throw db.isDuplicate(error) ? new Failure('ALREADY_REGISTERED', { cause: error }) : error
      })
    },
    /** Throws BUSINESS_UNKNOWN. */
    set: (name: string, { idleSeconds, routes, appIds }: BusinessChange): Promise<void> =>
      change('business.changed', name, (trx) =>
        updateBusiness(trx, name, {
          ...(idleSeconds !== undefined && { idleSeconds }),
          ...(routes !== undefined && { routes: JSON.stringify(routes) }),
          ...(appIds !== undefined && { apps: JSON.stringify(appIds) }),
        }),
      ),
    /** Ends its pSKeys. Throws BUSINESS_UNKNOWN. */
    remove: (name: string): Promise<void> =>
      change('business.removed', name, (trx) => removeBusiness(trx, name)),
  }
}

export type Businesses = ReturnType<typeof createBusinesses>
