/** How a webhook and its dead letters are shown. */
import type { Counts } from '../../src/features/webhooks/deliveries/counts.ts'
import type { WebhookSummary } from '../../src/features/webhooks/summary.ts'
import type { DeliveryRow } from '../../src/features/webhooks/tables.ts'
import { isoTime } from '../console/text.ts'

const stateOf = ({ isDisabled, problem, failingSince }: WebhookSummary): string => {
  if (isDisabled) return problem === '' ? 'disabled' : `disabled: it ${problem}`
  return failingSince === null ? 'good' : `failing since ${isoTime(failingSince)}: ${problem}`
}

export const toData = (webhook: WebhookSummary, counts?: Counts) => {
  const { webhookId, appId, url, kinds, isRotating, createdAt } = webhook
  return {
    webhook: webhookId,
    app: appId,
    url,
    events: kinds ?? 'all',
    state: stateOf(webhook),
    rotating: isRotating,
    ...(counts && (counts.get(webhookId) ?? { waiting: 0, dead: 0 })),
    createdAt: isoTime(createdAt),
  }
}

export const fieldsOf = (webhook: WebhookSummary, counts?: Counts): Record<string, string> => {
  const { rotating, ...data } = toData(webhook, counts)
  const shown = {
    ...data,
    events: webhook.kinds?.join(',') ?? 'all',
    rotating: rotating ? 'yes' : 'no',
  }
  return Object.fromEntries(Object.entries(shown).map(([name, value]) => [name, String(value)]))
}

export const toDeadLetter = (row: DeliveryRow) => ({
  id: row.eventId.toString('hex'),
  event: row.kind,
  userId: String(row.userId),
  number: row.number,
  happenedAt: isoTime(row.happenedAt),
  attempts: row.attempts,
  problem: row.problem,
})
