/** Events: what happened to a user, in a list of their own. */
import { type AdminWorld, feature } from '../feature.ts'
import type { AddDeliveries } from '../webhooks/api.ts'
import type { RecordEvent } from './api.ts'
import { insertEvent, removeOldEvents } from './repo.ts'

const idBytes = 16

/** For commands too: what an administrator does to a user is told as well. */
export const eventAdmin = feature({
  create: ({ clock, random, config }: AdminWorld, { addDeliveries }: { addDeliveries: AddDeliveries }) => {
    const recordEvent: RecordEvent = async (trx, { userId, kind, appId, otherId, detail }) => {
      const event = {
        userId,
        eventId: random.bytes(idBytes),
        kind,
        appId: appId ?? null,
        otherId: otherId ?? null,
        happenedAt: clock.now(),
        detail: JSON.stringify(detail ?? {}),
      }
      await insertEvent(trx, event)
      await addDeliveries(trx, event)
    }
    return {
      api: { recordEvent },
      retention: [{ name: 'events', keptMs: config.events.keptSeconds * 1_000, remove: removeOldEvents }],
    }
  },
})
