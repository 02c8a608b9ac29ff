/** Events: what happened to a user, in a list of their own. */
import { type AdminWorld, feature, operation, type World } from '../feature.ts'
import type { Tickets } from '../tickets/api.ts'
import type { AddDeliveries } from '../webhooks/api.ts'
import type { RecordEvent } from './api.ts'
import { createEventLists } from './list.ts'
import {
  collectEventList,
  collectEvents,
  findSeen,
  insertEvent,
  mostInLook,
  removeEventListOf,
  removeEventsOf,
  removeOldEvents,
} from './repo.ts'
import { createWaits, type Waits } from './waits.ts'
import { eventListShape, eventReadShape } from './wire.ts'

const idBytes = 16
const lookMs = 500

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
      personal: [
        { name: 'userEvents' as const, collect: collectEvents, removeSome: removeEventsOf },
        { name: 'eventLists' as const, collect: collectEventList, removeSome: removeEventListOf },
      ],
      retention: [{ name: 'events', keptMs: config.events.keptSeconds * 1_000, remove: removeOldEvents }],
    }
  },
})

export const events = feature({
  create: (world: World, { tickets }: { tickets: Pick<Tickets, 'authenticate'> }) => {
    const { db, clock, config, cursors } = world
    const waits = createWaits({
      bounds: config.events,
      findSeen: (userIds) => findSeen(db.write, userIds),
      mostInQuery: mostInLook,
      elapsedMs: clock.elapsed,
    })
    const { list, read } = createEventLists({ db, now: clock.now, cursors, waits, tickets })
    return {
      api: {},
      operations: [
        operation(eventListShape)(async (input, caller) => ({ code: 'OK', ...(await list(input, caller)) })),
        operation(eventReadShape)(async (input, caller) => ({ code: 'OK', ...(await read(input, caller)) })),
      ],
      jobs: [{ everyMs: lookMs, name: 'look for events that calls wait for', work: waits.poll }],
      drain: [waits.drain],
      health: [{ name: 'events', problem: waits.problem }],
      gauges: createGauges(waits),
    }
  },
})

const createGauges = ({ facts }: Waits) => [
  {
    name: 'torii_event_waits',
    labelNames: [],
    help: 'Calls of this process that wait for an event',
    read: () => [{ labels: {}, value: facts().waiting }],
  },
  {
    name: 'torii_event_waits_refused_total',
    labelNames: [],
    help: 'Calls that were refused because too many wait',
    read: () => [{ labels: {}, value: facts().refused }],
  },
]
