/** What an administrator does to webhooks. Their secrets are sealed: a command brings the server key. */
import type { Clock } from '../../adapters/clock.ts'
import type { Sealer } from '../../adapters/crypto.ts'
import type { Db, Executor } from '../../adapters/db/index.ts'
import type { Random } from '../../adapters/random.ts'
import type { RecordAudit } from '../audit/api.ts'
import type { RecordChange } from '../change-log/api.ts'
import { readCounts } from './deliveries/counts.ts'
import { countDeliveries, findDead, removeDeliveries, reviveDeliveries } from './deliveries/repo.ts'
import { allKinds } from './list.ts'
import {
  findWebhook,
  findWebhooks,
  insertWebhook,
  mostWebhooks,
  removeWebhook,
  removeWebhooksOfApp,
  updateWebhook,
  type WebhookValues,
} from './repo.ts'
import { createSecret } from './secrets.ts'
import { summarise } from './summary.ts'
import type { WebhookRow } from './tables.ts'

export type WebhookAdminNeeds = {
  db: Db
  clock: Clock
  random: Random
  recordAudit: RecordAudit
  recordChange: RecordChange
}

/** `kinds` empty: all. */
export type NewWebhook = { appId: string; url: string; kinds: readonly string[] }
export type WebhookChange = { url?: string; kinds?: readonly string[]; isDisabled?: boolean }

const idBytes = 6
const mostAtOnce = 1_000
/** Each event of an app is a row and a call for each of its webhooks. */
export const mostPerApp = 10

const writeKinds = (kinds: readonly string[]) => (kinds.length === 0 ? allKinds : kinds.join(' '))

export const createWebhookAdmin = (needs: WebhookAdminNeeds) => {
  const { db, clock, random, recordAudit, recordChange } = needs

  const record = async (
    trx: Executor,
    kind: string,
    { webhookId, appId }: Pick<WebhookRow, 'webhookId' | 'appId'>,
  ) => {
    await recordAudit(trx, { kind: `webhook.${kind}`, appId, detail: { webhook: webhookId } })
    await recordChange(trx, 'webhooks', webhookId)
  }

  /** Undefined: there is no such webhook. */
  const change = (kind: string, webhookId: string, valuesOf: (row: WebhookRow) => WebhookValues) =>
    db.transaction(async (trx) => {
      const row = await findWebhook(trx, webhookId)
      if (!row) return undefined
      const values = valuesOf(row)
      await updateWebhook(trx, webhookId, values)
      await record(trx, kind, row)
      return summarise({ ...row, ...values })
    })

  /** What failed before the change says nothing of the webhook as it is now. */
  const fresh = { problem: '', failures: 0, failingSince: null, restsUntil: 0 }

  return {
    list: async (appId?: string) => (await findWebhooks(db.write, appId)).map(summarise),
    /** With the sealed secrets, for a call. */
    find: (webhookId: string) => findWebhook(db.write, webhookId),
    /** Undefined: the app, or the server, has as many as it may have. */
    add: async (sealer: Sealer, { appId, url, kinds }: NewWebhook) => {
      const webhookId = random.bytes(idBytes).toString('hex')
      const { secret, sealed } = createSecret(sealer, random, webhookId)
      const row: WebhookRow = {
        webhookId,
        appId,
        url,
        kinds: writeKinds(kinds),
        secretSealed: sealed,
        previousSealed: null,
        createdAt: clock.now(),
        disabledAt: null,
        claimedBy: null,
        claimedUntil: 0,
        ...fresh,
      }
      return db.transaction(async (trx) => {
        const all = await findWebhooks(trx)
        const ofApp = all.filter((one) => one.appId === appId)
        if (all.length >= mostWebhooks || ofApp.length >= mostPerApp) return undefined
        await insertWebhook(trx, row)
        await record(trx, 'added', row)
        return { ...summarise(row), secret }
      })
    },
    set: (webhookId: string, { url, kinds, isDisabled }: WebhookChange) =>
      change('changed', webhookId, () => ({
        ...fresh,
        ...(url !== undefined && { url }),
        ...(kinds !== undefined && { kinds: writeKinds(kinds) }),
        ...(isDisabled !== undefined && { disabledAt: isDisabled ? clock.now() : null }),
      })),
    /** A new secret beside the one before, until `finishRotation`. */
    rotate: async (sealer: Sealer, webhookId: string) => {
      const { secret, sealed } = createSecret(sealer, random, webhookId)
      const changed = await change('rotated', webhookId, ({ secretSealed }) => ({
        secretSealed: sealed,
        previousSealed: secretSealed,
      }))
      return changed && { ...changed, secret }
    },
    finishRotation: (webhookId: string) =>
      change('rotation-finished', webhookId, () => ({ previousSealed: null })),
    /** Its deliveries go with it. True if it was there. */
    remove: (webhookId: string): Promise<boolean> =>
      db.transaction(async (trx) => {
        const row = await findWebhook(trx, webhookId)
        if (!row || !(await removeWebhook(trx, webhookId))) return false
        await record(trx, 'removed', row)
        return true
      }),
    /** The receiver answered 410 Gone. An administrator may have corrected the URL meanwhile. */
    disableGone: async ({ webhookId, url }: WebhookRow, problem: string): Promise<void> => {
      await db.transaction(async (trx) => {
        const row = await findWebhook(trx, webhookId)
        if (row?.url !== url || row.disabledAt !== null) return
        await updateWebhook(trx, webhookId, { ...fresh, problem, disabledAt: clock.now() })
        await record(trx, 'gone', row)
      })
    },
    /** The oldest first. */
    listDead: (webhookId: string, most: number) => findDead(db.write, webhookId, most),
    /** Makes one dead letter due now, or all; how many there were. */
    replay: async (webhookId: string, eventId?: Buffer): Promise<number> => {
      let replayed = 0
      for (;;) {
        const found = eventId ? [{ eventId }] : await findDead(db.write, webhookId, mostAtOnce)
        const eventIds = found.map((one) => one.eventId)
        if (eventIds.length > 0)
          replayed += await reviveDeliveries(db.write, { webhookId, eventIds }, clock.now())
        if (eventIds.length < mostAtOnce) break
      }
      const detail = { webhook: webhookId, deliveries: replayed }
      await recordAudit(db.write, { kind: 'webhook.replayed', detail })
      return replayed
    },
    /** Removes all dead letters; how many there were. */
    removeDead: async (webhookId: string): Promise<number> => {
      let removed = 0
      for (;;) {
        const eventIds = (await findDead(db.write, webhookId, mostAtOnce)).map((one) => one.eventId)
        if (eventIds.length > 0) await removeDeliveries(db.write, { webhookId, eventIds })
        removed += eventIds.length
        if (eventIds.length < mostAtOnce) break
      }
      const detail = { webhook: webhookId, deliveries: removed }
      await recordAudit(db.write, { kind: 'webhook.dead-removed', detail })
      return removed
    },
    counts: async () => readCounts(await countDeliveries(db.write)),
    /** Part of the transaction that removes the app. */
    removeOfApp: async (trx: Executor, appId: string): Promise<void> => {
      if (await removeWebhooksOfApp(trx, appId)) await recordChange(trx, 'webhooks', '')
    },
  }
}

export type WebhookAdmin = ReturnType<typeof createWebhookAdmin>
