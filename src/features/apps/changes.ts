/** What an administrator does to apps. */

import type { Random } from '../../adapters/random.ts'
import type { AppFriends, AppRight, TicketFormat } from '../../http/caller.ts'
import { utf8 } from '../../protocol/bytes.ts'
import { Failure } from '../../protocol/errors.ts'
import { bitsOf, type Permission } from '../../protocol/permissions.ts'
import type { ProfileField } from '../../protocol/profile-schema.ts'
import { strengths } from '../../protocol/strength.ts'
import type { AppsNeeds } from './apps.ts'
import { findApp, findApps, insertApp, lockApp, removeApp, removeDevicesOfApp, updateApp } from './repo.ts'
import { isAppId, summarise } from './summary.ts'
import type { AppRow } from './tables.ts'

export type NewApp = {
  name: string
  isPublic?: boolean
  minStrength?: number
  origins?: readonly string[]
  redirects?: readonly string[]
  rights?: readonly AppRight[]
  /** Makes it a backend that checks the tickets of these apps. */
  checks?: readonly string[]
  /** Apps that a login of this app may be taken to by a web code. */
  jumpsTo?: readonly string[]
  /** For good: an app whose users have logged in to it never becomes a stranger's. */
  isThirdParty?: boolean
  scopes?: readonly string[]
  ticketFormat?: TicketFormat
  friends?: AppFriends
  profileSchema?: readonly ProfileField[]
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

export type AppChange = Partial<Omit<NewApp, 'isThirdParty'>> & {
  friendDefaults?: readonly Permission[]
  strangerDefaults?: readonly Permission[]
  addOrigins?: readonly string[]
  removeOrigins?: readonly string[]
  addRedirects?: readonly string[]
  removeRedirects?: readonly string[]
}

const merge = (kept: readonly string[], more: readonly string[] = [], less: readonly string[] = []) =>
  JSON.stringify([...new Set([...kept, ...more])].filter((one) => !less.includes(one)))

const changesOf = (given: AppChange, row: AppRow): Parameters<typeof updateApp>[2] => {
  const { name, isPublic, minStrength, rights, checks, jumpsTo, scopes, ticketFormat, friends } = given
  const { friendDefaults, strangerDefaults, profileSchema } = given
  const { origins = summarise(row).origins, redirects = summarise(row).redirects } = given
  return {
    origins: merge(origins, given.addOrigins, given.removeOrigins),
    redirects: merge(redirects, given.addRedirects, given.removeRedirects),
    ...(name !== undefined && { name }),
    ...(isPublic !== undefined && { isPublic: isPublic ? 1 : 0 }),
    ...(minStrength !== undefined && { minStrength }),
    ...(rights !== undefined && { rights: rights.join(' ') }),
    ...(checks !== undefined && { checks: JSON.stringify(checks) }),
    ...(jumpsTo !== undefined && { jumpsTo: JSON.stringify(jumpsTo) }),
    ...(scopes !== undefined && { scopes: scopes.join(' ') }),
    ...(ticketFormat !== undefined && { ticketFormat }),
    ...(friends !== undefined && { friends }),
    ...(friendDefaults !== undefined && { friendDefaults: bitsOf(friendDefaults) }),
    ...(strangerDefaults !== undefined && { strangerDefaults: bitsOf(strangerDefaults) }),
    ...(profileSchema !== undefined && {
      profileSchema: profileSchema.length === 0 ? null : JSON.stringify(profileSchema),
    }),
  }
}

/** Devices, or consents, removed in one transaction. */
const mostAtOnce = 1_000

export const createAppChanges = ({
  db,
  clock,
  random,
  crypto,
  recordChange,
  recordAudit,
  consents,
  users,
  webhooks,
}: Omit<AppsNeeds, 'origins'>) => {
  type Change = Parameters<typeof updateApp>[2]

  /** `change` is made of the row as no other administrator changes it meanwhile. */
  const change = async (appId: string, kind: string, changeOf: (row: AppRow) => Change) => {
    const found = await db.transaction(async (trx) => {
      if (!isAppId(appId)) return false
      await lockApp(trx, appId)
      const row = await findApp(trx, appId)
      if (!row) return false
      await updateApp(trx, appId, changeOf(row))
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
    add: async ({
      name,
      isPublic = false,
      minStrength = strengths.clear,
      origins = [],
      redirects = [],
      rights = [],
      checks,
      isThirdParty = false,
      scopes = [],
      ticketFormat = 'opaque',
      friends = 'off',
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
          redirects: JSON.stringify(redirects),
          rights: rights.join(' '),
          checks: checks ? JSON.stringify(checks) : null,
          jumpsTo: null,
          isThirdParty: isThirdParty ? 1 : 0,
          scopes: scopes.join(' '),
          ticketFormat,
          friends,
          friendDefaults: null,
          strangerDefaults: null,
          profileSchema: null,
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
      const appSecret = randomText(random, 32)
      const secretHash = Buffer.from(crypto.sha256(utf8(appSecret)))
      const rotated = (row: AppRow) => ({ secretHash, previousSecretHash: row.secretHash })
      await change(appId, 'app.rotated', rotated)
      return { appSecret }
    },
    finishRotation: (appId: string) =>
      change(appId, 'app.rotation-finished', () => ({ previousSecretHash: null })),
    /** Changes what is given and leaves the rest. */
    set: (appId: string, given: AppChange) => change(appId, 'app.changed', (row) => changesOf(given, row)),
    disable: (appId: string) => change(appId, 'app.disabled', () => ({ disabledAt: clock.now() })),
    enable: (appId: string) => change(appId, 'app.enabled', () => ({ disabledAt: null })),
    /** Ends it for good, with its devices, consents and webhooks. Throws unless it is disabled: that can be taken back. */
    remove: async (appId: string): Promise<void> => {
      const { disabledAt } = await get(appId)
      if (disabledAt === null) throw new Failure('APP_REFUSED', { info: 'The app is enabled.' })
      while ((await removeDevicesOfApp(db.write, appId, mostAtOnce)) === mostAtOnce);
      while ((await users.removeParamsOfApp(db.write, appId, mostAtOnce)) === mostAtOnce);
      while ((await consents.removeOfApp(db.write, appId, mostAtOnce)) === mostAtOnce);
      await db.transaction(async (trx) => {
        if (!(await removeApp(trx, appId))) return
        await webhooks.removeOfApp(trx, appId)
        for (const row of await findApps(trx)) {
          const { checks, jumpsTo } = summarise(row)
          const without = (ids: readonly string[]) => JSON.stringify(ids.filter((id) => id !== appId))
          if (checks?.includes(appId)) await updateApp(trx, row.appId, { checks: without(checks) })
          if (jumpsTo.includes(appId)) await updateApp(trx, row.appId, { jumpsTo: without(jumpsTo) })
        }
        await recordAudit(trx, { kind: 'app.removed', appId })
        await recordChange(trx, 'apps', appId)
      })
    },
  }
}
