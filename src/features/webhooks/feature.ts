/** Webhooks: events of users are told to the backends of an app by signed calls. */
import type { RecordAudit } from '../audit/api.ts'
import type { RecordChange } from '../change-log/api.ts'
import { type AdminWorld, feature, type Personal, type World } from '../feature.ts'
import { createAddDeliveries } from './add.ts'
import { createWebhookAdmin, type WebhookAdmin } from './admin.ts'
import { createBounds } from './deliveries/bounds.ts'
import { removeDeliveriesOf, removeOldDead } from './deliveries/repo.ts'
import { createWorker } from './deliveries/worker.ts'
import { createGauges } from './gauges.ts'
import { createWebhookList, type WebhookList } from './list.ts'
import { findWebhooks } from './repo.ts'

export { findTroubles } from './health.ts'

const times = { workMs: 400, prolongMs: 5_000, boundMs: 10_000 } as const

type Recorders = { recordAudit: RecordAudit; recordChange: RecordChange }

const personal: Personal = {
  name: 'deliveries',
  // The list of the user has the same events.
  collect: async () => ({ rows: [] }),
  removeSome: async (db, userId, most) => {
    const webhookIds = (await findWebhooks(db)).map(({ webhookId }) => webhookId)
    return removeDeliveriesOf(db, { userId, webhookIds, most })
  },
}

/** For commands too: an event that a command causes is on its way as well. */
export const webhookAdmin = feature({
  create: ({ db, clock, random, config }: AdminWorld, recorders: Recorders) => {
    const list = createWebhookList({ db })
    const { giveUpAfterSeconds, deadKeptSeconds } = config.webhooks
    const keptMs = (giveUpAfterSeconds + deadKeptSeconds) * 1_000
    return {
      api: {
        ...createWebhookAdmin({ db, clock, random, ...recorders }),
        addDeliveries: createAddDeliveries(list),
        isIdle: list.isEmpty,
      },
      onChange: [
        { kind: 'webhooks', apply: list.reload, isWhole: true, missed: 'any' },
        // Whether the app is enabled, and whose tickets it checks.
        { kind: 'apps', apply: list.reload, isWhole: true, missed: 'any' },
      ],
      personal: [personal],
      retention: [{ name: 'dead letters', keptMs, remove: removeOldDead }],
    }
  },
})

type WebhookNeeds = Pick<WebhookAdmin, 'disableGone'> & {
  isIdle: WebhookList['isEmpty']
  catchUp(): Promise<void>
}

export const webhooks = feature({
  create: (world: World, { disableGone, isIdle, catchUp }: WebhookNeeds) => {
    const { giveUpAfterSeconds, maxWaiting, maxWaitingInAll, atOnce, timeoutMs } = world.config.webhooks
    const giveUpAfterMs = giveUpAfterSeconds * 1_000
    const worker = createWorker({ ...world, disableGone, isIdle, catchUp, giveUpAfterMs, atOnce, timeoutMs })
    const bounds = createBounds({ ...world, isIdle, giveUpAfterMs, maxWaiting, maxWaitingInAll })
    return {
      api: {},
      jobs: [
        { everyMs: times.workMs, name: 'deliver events', work: worker.work },
        { everyMs: times.prolongMs, name: 'hold webhooks', work: worker.prolong },
        { everyMs: times.boundMs, name: 'bound deliveries', work: bounds.work },
      ],
      health: [{ name: 'webhooks', problem: bounds.problem }],
      gauges: createGauges(bounds, worker, world.clock),
      close: [worker.close],
    }
  },
})
