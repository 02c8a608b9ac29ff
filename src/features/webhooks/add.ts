/** An event is on its way in the transaction of what it tells of: both are there, or neither. */
import type { AddDeliveries } from './api.ts'
import { insertDeliveries } from './deliveries/repo.ts'
import { takes, type WebhookList } from './list.ts'

export const createAddDeliveries =
  (list: Pick<WebhookList, 'get'>): AddDeliveries =>
  async (trx, event) => {
    const webhooks = (await list.get(trx)).filter((webhook) => takes(webhook, event))
    if (webhooks.length === 0) return
    await insertDeliveries(
      trx,
      webhooks.map(({ webhookId }) => webhookId),
      event,
    )
  }
