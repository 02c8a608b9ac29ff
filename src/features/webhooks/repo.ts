import type { Executor } from '../../adapters/db/index.ts'
import type { WebhookEvent } from './api.ts'
import type { WebhookRow } from './tables.ts'

/** More than any server has: an administrator adds each. */
export const mostWebhooks = 1_000

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
    .limit(mostWebhooks)
    .execute()

/** In the order of their ids, of one app or of all. */
export const findWebhooks = (db: Executor, appId?: string): Promise<WebhookRow[]> => {
  const all = db.selectFrom('webhooks').selectAll().orderBy('webhookId').limit(mostWebhooks)
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

/** The number is that of the newest event of the user, whose list the transaction has locked. */
export const insertDeliveries = async (
  trx: Executor,
  webhookIds: readonly string[],
  event: WebhookEvent,
): Promise<void> => {
  await trx
    .insertInto('deliveries')
    .values((eb) =>
      webhookIds.map((webhookId) => ({
        ...event,
        webhookId,
        number: eb.selectFrom('eventLists').select('lastNumber').where('userId', '=', event.userId),
        state: 'waiting' as const,
        attempts: 0,
        problem: '',
        nextAt: event.happenedAt,
        queuedAt: event.happenedAt,
      })),
    )
    .execute()
}
