import type { Executor } from '../../adapters/db/index.ts'
import type { WebhookRow } from './tables.ts'

/** More than any server has: an administrator adds each. */
export const mostWebhooks = 1_000
/** Two administrators who add at once go past the bound a little, and no webhook may be overlooked. */
const mostRead = 2 * mostWebhooks

export type ListedRow = Pick<WebhookRow, 'webhookId' | 'appId' | 'kinds'> & { checks: string | null }

/** The webhooks that take events: neither they nor their apps are disabled. */
export const findListed = (db: Executor): Promise<ListedRow[]> =>
  db
    .selectFrom('webhooks')
    .innerJoin('apps', 'apps.appId', 'webhooks.appId')
    .select(['webhooks.webhookId', 'webhooks.appId', 'webhooks.kinds', 'apps.checks'])
    .where('webhooks.disabledAt', 'is', null)
    .where('apps.disabledAt', 'is', null)
    .orderBy('webhooks.webhookId')
    .limit(mostRead)
    .execute()

/** In the order of their ids, of one app or of all. */
export const findWebhooks = (db: Executor, appId?: string): Promise<WebhookRow[]> => {
  const all = db.selectFrom('webhooks').selectAll().orderBy('webhookId').limit(mostRead)
  return (appId === undefined ? all : all.where('appId', '=', appId)).execute()
}

export const findWebhook = (db: Executor, webhookId: string): Promise<WebhookRow | undefined> =>
  db.selectFrom('webhooks').selectAll().where('webhookId', '=', webhookId).executeTakeFirst()

export const insertWebhook = async (trx: Executor, row: WebhookRow): Promise<void> => {
  await trx.insertInto('webhooks').values(row).execute()
}

export type WebhookValues = Partial<Omit<WebhookRow, 'webhookId' | 'appId' | 'createdAt'>>

/** True if there is such a webhook. */
export const updateWebhook = async (
  db: Executor,
  webhookId: string,
  values: WebhookValues,
): Promise<boolean> => {
  const update = db.updateTable('webhooks').set(values).where('webhookId', '=', webhookId)
  return Number((await update.executeTakeFirst()).numUpdatedRows) > 0
}

/** True if it was there. Its deliveries are removed later, a batch at a time. */
export const removeWebhook = async (trx: Executor, webhookId: string): Promise<boolean> => {
  const removal = trx.deleteFrom('webhooks').where('webhookId', '=', webhookId)
  return Number((await removal.executeTakeFirst()).numDeletedRows) > 0
}

/** True if there was one. */
export const removeWebhooksOfApp = async (trx: Executor, appId: string): Promise<boolean> => {
  const removal = trx.deleteFrom('webhooks').where('appId', '=', appId)
  return Number((await removal.executeTakeFirst()).numDeletedRows) > 0
}

type Claim = { claimant: Buffer; nowMs: number; untilMs: number }

/** The webhooks that may be called, that no process calls, and for which a delivery is due. */
export const findWorkable = async (db: Executor, nowMs: number): Promise<string[]> => {
  const rows = await db
    .selectFrom('webhooks')
    .innerJoin('apps', 'apps.appId', 'webhooks.appId')
    .select('webhooks.webhookId')
    .where('webhooks.disabledAt', 'is', null)
    .where('apps.disabledAt', 'is', null)
    .where('webhooks.restsUntil', '<=', nowMs)
    .where('webhooks.claimedUntil', '<=', nowMs)
    .where((eb) =>
      eb.exists(
        eb
          .selectFrom('deliveries')
          .select('deliveries.eventId')
          .whereRef('deliveries.webhookId', '=', 'webhooks.webhookId')
          .where('deliveries.state', '=', 'waiting')
          .where('deliveries.nextAt', '<=', nowMs),
      ),
    )
    .orderBy('webhooks.webhookId')
    .limit(mostRead)
    .execute()
  return rows.map(({ webhookId }) => webhookId)
}

/** A claim is a lease: it ends by itself when its process has died. Of two processes the update decides. */
export const claimWebhook = async (
  db: Executor,
  webhookId: string,
  { claimant, nowMs, untilMs }: Claim,
): Promise<boolean> => {
  const { numUpdatedRows } = await db
    .updateTable('webhooks')
    .set({ claimedBy: claimant, claimedUntil: untilMs })
    .where('webhookId', '=', webhookId)
    .where('claimedUntil', '<=', nowMs)
    .executeTakeFirst()
  return Number(numUpdatedRows) > 0
}

/** Changes the webhook as long as it is claimed by this process; whether it still was. */
export const updateClaimed = async (
  db: Executor,
  webhookId: string,
  claimant: Buffer,
  values: WebhookValues,
): Promise<boolean> => {
  const { numUpdatedRows } = await db
    .updateTable('webhooks')
    .set(values)
    .where('webhookId', '=', webhookId)
    .where('claimedBy', '=', claimant)
    .executeTakeFirst()
  return Number(numUpdatedRows) > 0
}

/** Unless it has failed anew meanwhile. */
export const forgetFailure = async (db: Executor, webhookId: string, failingSince: number): Promise<void> => {
  await db
    .updateTable('webhooks')
    .set({ problem: '', failures: 0, failingSince: null, restsUntil: 0 })
    .where('webhookId', '=', webhookId)
    .where('failingSince', '=', failingSince)
    .execute()
}
