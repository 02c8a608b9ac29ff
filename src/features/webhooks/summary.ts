/** A webhook as administrators see it: without its secrets. */
import { readKinds } from './list.ts'
import type { WebhookRow } from './tables.ts'

export type WebhookSummary = {
  webhookId: string
  appId: string
  url: string
  /** Undefined: all. */
  kinds: readonly string[] | undefined
  isDisabled: boolean
  isRotating: boolean
  problem: string
  failingSince: number | null
  createdAt: number
}

export const summarise = (row: WebhookRow): WebhookSummary => {
  const { webhookId, appId, url, kinds, problem, failingSince, createdAt } = row
  return {
    webhookId,
    appId,
    url,
    kinds: readKinds(kinds),
    isDisabled: row.disabledAt !== null,
    isRotating: row.previousSealed !== null,
    problem,
    failingSince,
    createdAt,
  }
}

/** For logs and health: the path and query of a URL may have a secret of the receiver. */
export const nameOf = ({ webhookId, url }: Pick<WebhookRow, 'webhookId' | 'url'>): string =>
  `webhook ${webhookId} (${new URL(url).host})`
