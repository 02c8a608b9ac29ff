/** Webhooks: events of users are told to the backends of an app by signed calls. */
import type { RecordAudit } from '../audit/api.ts'
import type { RecordChange } from '../change-log/api.ts'
import { type AdminWorld, feature } from '../feature.ts'
import { createAddDeliveries } from './add.ts'
import { createWebhookAdmin } from './admin.ts'
import { createWebhookList } from './list.ts'

type Recorders = { recordAudit: RecordAudit; recordChange: RecordChange }

/** For commands too: an event that a command causes is on its way as well. */
export const webhookAdmin = feature({
  create: ({ db, clock, random }: AdminWorld, recorders: Recorders) => {
    const list = createWebhookList({ db })
    return {
      api: {
        ...createWebhookAdmin({ db, clock, random, ...recorders }),
        addDeliveries: createAddDeliveries(list),
        listed: list,
      },
      onChange: [
        { kind: 'webhooks', apply: list.reload, isWhole: true, missed: 'any' },
        // Whether the app is enabled, and whose tickets it checks.
        { kind: 'apps', apply: list.reload, isWhole: true, missed: 'any' },
      ],
    }
  },
})
