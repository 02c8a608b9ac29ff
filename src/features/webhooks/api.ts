import type { Executor } from '../../adapters/db/index.ts'
import type { DeliveryRow } from './tables.ts'

export type { WebhookAdmin } from './admin.ts'

/** An event as its row has it. */
export type WebhookEvent = Pick<
  DeliveryRow,
  'eventId' | 'userId' | 'kind' | 'appId' | 'otherId' | 'happenedAt' | 'detail'
>

/**
 * Part of the transaction of the event, behind the insertion into the list of its user, whose lock orders the
 * deliveries. One statement if a webhook takes the event, else none.
 */
export type AddDeliveries = (trx: Executor, event: WebhookEvent) => Promise<void>
