import type { Clock } from '../../adapters/clock.ts'
import type { ServerCrypto } from '../../adapters/crypto.ts'
import type { Db } from '../../adapters/db/index.ts'
import type { Random } from '../../adapters/random.ts'
import type { AppRight, CallerApp } from '../../http/caller.ts'
import { utf8 } from '../../protocol/bytes.ts'
import { Failure } from '../../protocol/errors.ts'
import { strengths } from '../../protocol/strength.ts'
import type { RecordAudit } from '../audit/api.ts'
import type { RecordChange } from '../change-log/api.ts'
import { appRefused, notPublic, unknownId, wrongSecret } from './refusals.ts'
import { findApp, findApps, insertApp, updateApp } from './repo.ts'
import type { AppRow } from './tables.ts'

export type AppsNeeds = {
  db: Db
  clock: Clock
  random: Random
  crypto: ServerCrypto
  recordChange: RecordChange
  recordAudit: RecordAudit
  /** Origins that every app may be called from. */
  origins: readonly string[]
}

/** An app as an administrator sees it; its secret is shown once, when it is made. */
export type AppSummary = {
  appId: string
  name: string
  isPublic: boolean
  minStrength: number
  origins: string[]
  rights: AppRight[]
  /** The apps whose tickets this backend checks; undefined for an app that is no backend. */
  checks: string[] | undefined
  isDisabled: boolean
  isRotating: boolean
  createdAt: number
}

export type NewApp = {
  name: string
  isPublic?: boolean
  minStrength?: number
  origins?: readonly string[]
  rights?: readonly AppRight[]
  /** Makes it a backend that checks the tickets of these apps. */
  checks?: readonly string[]
}

const letters = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789'

/** Letters and digits, each equally likely. */
const randomText = (random: Random, length: number): string => {
  let text = ''
  while (text.length < length) {
    for (const byte of random.bytes(length)) {
      if (byte < 248 && text.length < length) text += letters[byte % 62]
    }
  }
  return text
}

const readRights = ({ rights }: AppRow) => rights.split(' ').filter((right) => right !== '') as AppRight[]

const toCallerApp = (row: AppRow): CallerApp => ({
  appId: row.appId,
  isPublic: row.isPublic === 1,
  minStrength: row.minStrength,
  rights: readRights(row),
  checks: row.checks === null ? [row.appId] : JSON.parse(row.checks),
})

const summarise = (row: AppRow): AppSummary => ({
  appId: row.appId,
  name: row.name,
  isPublic: row.isPublic === 1,
  minStrength: row.minStrength,
  origins: JSON.parse(row.origins),
  rights: readRights(row),
  checks: row.checks === null ? undefined : JSON.parse(row.checks),
  isDisabled: row.disabledAt !== null,
  isRotating: row.previousSecretHash !== null,
  createdAt: row.createdAt,
})

/** Anything else is no app's id, and would only break the query: the column is ASCII. */
export const isAppId = (text: string): boolean => /^[A-Za-z0-9]{1,64}$/.test(text)

const maxCached = 1_000
/** Look-ups a second of ids that may be no app. */
const mostUnknown = 20

export const createApps = (needs: AppsNeeds) => {
  const { db, clock, random, crypto, recordChange, recordAudit } = needs
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

  const change = async (appId: string, kind: string, row: Parameters<typeof updateApp>[2]) => {
    const found = await db.transaction(async (trx) => {
      if (!isAppId(appId) || !(await updateApp(trx, appId, row))) return false
      await recordAudit(trx, { kind, appId })
      await recordChange(trx, 'apps', appId)
      return true
    })
    if (!found) throw new Failure('APP_REFUSED', { info: 'No app has this id.' })
  }

  const get = async (appId: string): Promise<AppRow> => {
    const row = isAppId(appId) ? await findApp(db.write, appId) : undefined
    if (!row) throw new Failure('APP_REFUSED', { info: 'No app has this id.' })
    return row
  }

  return {
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
    findName: async (appId: string): Promise<string | undefined> => (await find(appId))?.name,

    add: async ({
      name,
      isPublic = false,
      minStrength = strengths.clear,
      origins = [],
      rights = [],
      checks,
    }: NewApp) => {
      const appId = randomText(random, 16)
      const appSecret = randomText(random, 32)
      await db.transaction(async (trx) => {
        await insertApp(trx, {
          appId,
          name,
          secretHash: Buffer.from(crypto.sha256(utf8(appSecret))),
          previousSecretHash: null,
          isPublic: isPublic ? 1 : 0,
          minStrength,
          origins: JSON.stringify(origins),
          rights: rights.join(' '),
          checks: checks ? JSON.stringify(checks) : null,
          disabledAt: null,
          createdAt: clock.now(),
        })
        await recordAudit(trx, { kind: 'app.added', appId })
        await recordChange(trx, 'apps', appId)
      })
      return { appId, appSecret }
    },
    list: async () => (await findApps(db.write)).map(summarise),
    show: async (appId: string) => summarise(await get(appId)),
    /** A new secret; the one before stays good until `finishRotation`. */
    rotate: async (appId: string): Promise<{ appSecret: string }> => {
      const row = await get(appId)
      const appSecret = randomText(random, 32)
      const secretHash = Buffer.from(crypto.sha256(utf8(appSecret)))
      await change(appId, 'app.rotated', { secretHash, previousSecretHash: row.secretHash })
      return { appSecret }
    },
    finishRotation: (appId: string) => change(appId, 'app.rotation-finished', { previousSecretHash: null }),
    setRights: (appId: string, rights: readonly AppRight[]) =>
      change(appId, 'app.rights', { rights: rights.join(' ') }),
    /** Changes what is given and leaves the rest. */
    set: (appId: string, { name, isPublic, minStrength, origins, checks }: Partial<NewApp>) =>
      change(appId, 'app.changed', {
        ...(name !== undefined && { name }),
        ...(isPublic !== undefined && { isPublic: isPublic ? 1 : 0 }),
        ...(minStrength !== undefined && { minStrength }),
        ...(origins !== undefined && { origins: JSON.stringify(origins) }),
        ...(checks !== undefined && { checks: JSON.stringify(checks) }),
      }),
    disable: (appId: string) => change(appId, 'app.disabled', { disabledAt: clock.now() }),
    enable: (appId: string) => change(appId, 'app.enabled', { disabledAt: null }),
  }
}

export type Apps = ReturnType<typeof createApps>
