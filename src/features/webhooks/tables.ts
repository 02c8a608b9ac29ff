declare module '../../adapters/db/tables.ts' {
  interface Tables {
    webhooks: WebhookRow
    deliveries: DeliveryRow
  }
}

export type WebhookRow = {
  webhookId: string
  appId: string
  url: string
  /** Kinds of events, divided by blanks; `*`: all. */
  kinds: string
  secretSealed: Buffer
  /** The secret before, which is good too until its rotation is finished. */
  previousSealed: Buffer | null
  createdAt: number
  /** Set by an administrator, or because the receiver answered 410. */
  disabledAt: number | null
  /** What its last call failed with; empty: nothing. */
  problem: string
  /** Rests in a row. */
  failures: number
  failingSince: number | null
  /** No call before this moment. */
  restsUntil: number
  /** The process that calls it at the moment. */
  claimedBy: Buffer | null
  claimedUntil: number
}

export type DeliveryState = 'waiting' | 'dead'

/** An event on its way to one webhook. What has arrived is removed. */
export type DeliveryRow = {
  webhookId: string
  eventId: Buffer
  userId: number
  /** The number of the event in the list of its user: the order of delivery. */
  number: number
  kind: string
  appId: string | null
  otherId: number | null
  happenedAt: number
  /** JSON object. */
  detail: string
  state: DeliveryState
  attempts: number
  problem: string
  nextAt: number
  /** Its age counts from here: when it was added, or replayed. */
  queuedAt: number
}
