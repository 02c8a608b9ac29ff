import type { Clock } from '../../adapters/clock.ts'
import type { Bounds } from './deliveries/bounds.ts'
import type { Worker } from './deliveries/worker.ts'

type Facts = Pick<Bounds, 'counts' | 'webhooks'>

export const createGauges = (
  { counts, webhooks }: Facts,
  worker: Pick<Worker, 'totals'>,
  clock: Pick<Clock, 'now'>,
) => [
  {
    name: 'torii_webhook_deliveries',
    labelNames: ['webhook', 'state'],
    help: 'Deliveries of a webhook that wait, and its dead letters, over all processes',
    read: () =>
      webhooks().flatMap(({ webhookId: webhook }) =>
        (['waiting', 'dead'] as const).map((state) => ({
          labels: { webhook, state },
          value: counts().get(webhook)?.[state] ?? 0,
        })),
      ),
  },
  {
    name: 'torii_webhook_failing_seconds',
    labelNames: ['webhook'],
    help: 'How long a webhook has failed; 0: it does not, or is disabled',
    read: () =>
      webhooks().map(({ webhookId: webhook, failingSince }) => ({
        labels: { webhook },
        value: failingSince === null ? 0 : Math.max(0, (clock.now() - failingSince) / 1_000),
      })),
  },
  {
    name: 'torii_webhook_calls_total',
    labelNames: ['outcome'],
    help: 'Calls of webhooks by this process: arrived, failed, or failed for the last time (dead)',
    read: () => Object.entries(worker.totals()).map(([outcome, value]) => ({ labels: { outcome }, value })),
  },
]
