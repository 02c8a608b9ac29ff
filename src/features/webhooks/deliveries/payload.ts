/** What a receiver gets: the members of Standard Webhooks, and in `data` those of the list of events. */
import type { DeliveryRow } from '../tables.ts'

export const writePayload = (
  row: Pick<DeliveryRow, 'kind' | 'happenedAt' | 'userId' | 'number' | 'appId' | 'otherId' | 'detail'>,
): string =>
  JSON.stringify({
    type: row.kind,
    timestamp: new Date(row.happenedAt).toISOString(),
    data: {
      userId: String(row.userId),
      number: row.number,
      ...(row.appId !== null && { app: row.appId }),
      ...(row.otherId !== null && { otherId: String(row.otherId) }),
      detail: JSON.parse(row.detail),
    },
  })
