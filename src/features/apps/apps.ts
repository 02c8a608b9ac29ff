/** The apps that may call, as a server checks them; changes.ts has what an administrator does. */
import type { Clock } from '../../adapters/clock.ts'
import type { ServerCrypto } from '../../adapters/crypto.ts'
import type { Db, Executor } from '../../adapters/db/index.ts'
import type { Random } from '../../adapters/random.ts'
import type { CallerApp } from '../../http/caller.ts'
import { utf8 } from '../../protocol/bytes.ts'
import { Failure } from '../../protocol/errors.ts'
import type { RecordAudit } from '../audit/api.ts'
import type { RecordChange } from '../change-log/api.ts'
import type { Consents } from '../consents/api.ts'
import type { WebhookAdmin } from '../webhooks/api.ts'
import { createAppChanges } from './changes.ts'
import { appRefused, notPublic, unknownId, wrongSecret } from './refusals.ts'
import { findApp, findApps, findSigningApp } from './repo.ts'
import { isAppId, summarise, toCallerApp } from './summary.ts'
import type { AppRow } from './tables.ts'

export type AppsNeeds = {
  db: Db
  clock: Clock
  random: Random
  crypto: ServerCrypto
  recordChange: RecordChange
  recordAudit: RecordAudit
  consents: Pick<Consents, 'removeOfApp'>
  users: { removeParamsOfApp(db: Executor, appId: string, most: number): Promise<number> }
  webhooks: Pick<WebhookAdmin, 'removeOfApp'>
  /** Origins that every app may be called from. */
  origins: readonly string[]
}

const maxCached = 1_000
/** Look-ups a second of ids that may be no app. */
const mostUnknown = 20

export const createApps = (needs: AppsNeeds) => {
  const { db, clock, crypto } = needs
  const cache = new Map<string, AppRow>()
  let reloads = 0
  let listedOrigins = new Set<string>(needs.origins)

  // Strangers may name ids that no app has: of those that the last reload did not find only so many are looked up in a
  // second. A new app is known within one anyway.
  let knownIds = new Set<string>()
  let lookUps = { since: Number.NEGATIVE_INFINITY, count: 0 }
  const mayLookUp = (appId: string) => {
    if (knownIds.has(appId)) return true
    const now = clock.elapsed()
    if (now - lookUps.since >= 1_000) lookUps = { since: now, count: 0 }
    return lookUps.count++ < mostUnknown
  }

  /** Reads under way, so that a burst of one app's calls is one read. */
  const reading = new Map<string, Promise<AppRow | undefined>>()

  const find = async (appId: string): Promise<AppRow | undefined> => {
    const known = cache.get(appId) ?? reading.get(appId)
    if (known) return known
    if (!isAppId(appId) || !mayLookUp(appId)) return undefined
    const read = readApp(appId).finally(() => {
      if (reading.get(appId) === read) reading.delete(appId)
    })
    reading.set(appId, read)
    return read
  }

  const readApp = async (appId: string): Promise<AppRow | undefined> => {
    const before = reloads
    const row = await findApp(db.write, appId)
    if (!row) return undefined
    // What was read while the cache was dropped may be from before the change.
    if (before !== reloads) return row
    if (cache.size >= maxCached) cache.clear()
    cache.set(appId, row)
    return row
  }

  const isSecretOf = (row: AppRow, secret: string) => {
    const hash = crypto.sha256(utf8(secret))
    const isCurrent = crypto.isEqual(hash, row.secretHash)
    const isPrevious = row.previousSecretHash !== null && crypto.isEqual(hash, row.previousSecretHash)
    return isCurrent || isPrevious
  }

  const checkEnabled = (row: AppRow): CallerApp => {
    if (row.disabledAt !== null) {
      const reason = `app ${row.appId} is disabled: torii app enable ${row.appId}`
      throw new Failure('APP_DISABLED', { cause: new Error(reason) })
    }
    return toCallerApp(row)
  }

  const isOriginOf = (row: AppRow, origin: string | undefined) =>
    origin !== undefined && (needs.origins.includes(origin) || summarise(row).origins.includes(origin))

  return {
    ...createAppChanges(needs),
    /** Drops what is cached and reads the listed origins anew. */
    reload: async () => {
      cache.clear()
      // A read that began before may be from before the change.
      reading.clear()
      reloads++
      const rows = await findApps(db.write)
      const origins = rows
        .filter(({ disabledAt }) => disabledAt === null)
        .flatMap((row) => summarise(row).origins)
      knownIds = new Set(rows.map(({ appId }) => appId))
      listedOrigins = new Set([...needs.origins, ...origins])
    },
    isOriginListed: (origin: string) => listedOrigins.has(origin),

    /** The app with this id and secret; without a secret a public app, called from one of its origins. */
    check: async (
      appId: string,
      secret: string | undefined,
      origin: string | undefined,
    ): Promise<CallerApp> => {
      const row = await find(appId)
      if (!row) throw appRefused(unknownId)
      if (secret !== undefined && !isSecretOf(row, secret)) throw appRefused(wrongSecret(row))
      if (secret === undefined && !(row.isPublic === 1 && isOriginOf(row, origin)))
        throw appRefused(notPublic(row, origin))
      const app = checkEnabled(row)
      return secret === undefined ? { ...app, checks: [] } : app
    },
    /** For a call in a device's envelope, whose app is known already: members that are there must fit. */
    checkDevice: async (app: CallerApp, appId: unknown, secret: unknown): Promise<void> => {
      const row = await find(app.appId)
      const isGoodId = appId === undefined || appId === app.appId
      const isGoodSecret =
        secret === undefined || (typeof secret === 'string' && row && isSecretOf(row, secret))
      if (!row || !isGoodId) throw appRefused(`the device belongs to app ${app.appId}`)
      if (!isGoodSecret) throw appRefused(wrongSecret(row))
      checkEnabled(row)
    },
    find: async (appId: string): Promise<CallerApp | undefined> => {
      const row = await find(appId)
      return row && toCallerApp(row)
    },
    /** A third-party app that may call. */
    findThirdParty: async (appId: string): Promise<CallerApp | undefined> => {
      const row = await find(appId)
      return row?.isThirdParty === 1 && row.disabledAt === null ? toCallerApp(row) : undefined
    },
    /** Whether the app has listed a redirect target, character by character. */
    hasRedirect: async (appId: string, target: string): Promise<boolean> => {
      const row = await find(appId)
      return row !== undefined && summarise(row).redirects.includes(target)
    },
    findSigning: () => findSigningApp(db.read),
    findName: async (appId: string): Promise<string | undefined> => (await find(appId))?.name,
  }
}

export type Apps = ReturnType<typeof createApps>
