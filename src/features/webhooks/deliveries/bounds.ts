/** Keeps what waits within its bounds, over all processes, and tells how much there is and which webhooks fail. */
import type { Clock } from '../../../adapters/clock.ts'
import type { Db } from '../../../adapters/db/index.ts'
import { findTroubles, tellTroubles } from '../health.ts'
import { findWebhooks, forgetFailure } from '../repo.ts'
import type { DeliveryState, WebhookRow } from '../tables.ts'
import { type Counts, readCounts, shareOf } from './counts.ts'
import { buryDeliveries, countDeliveries, findExpired, findOldest, removeDeliveries } from './repo.ts'

export type BoundsNeeds = {
  db: Pick<Db, 'write'>
  clock: Pick<Clock, 'now'>
  maxWaiting: number
  maxWaitingInAll: number
  giveUpAfterMs: number
  isIdle(): boolean
  logger: { warn(fields: object, text: string): void }
}

const mostAtOnce = 1_000
/** In one run; what is left waits for the next one. */
const mostBatches = 50

const tooManyOf = {
  waiting: 'too many deliveries wait: the oldest become dead letters',
  dead: 'there are too many dead letters: the oldest are removed',
} as const
const tooMany = 'more waited than webhooks.maxWaiting or webhooks.maxWaitingInAll'
const tooOld = 'did not arrive within webhooks.giveUpAfterSeconds'

export const createBounds = (needs: BoundsNeeds) => {
  const { db, clock, maxWaiting, maxWaitingInAll, giveUpAfterMs, isIdle, logger } = needs
  let webhooks: readonly WebhookRow[] = []
  let counts: Counts = new Map()
  let wasRead = false
  /** Webhooks that gave up deliveries because too many waited, in the last run. */
  let shed = new Set<string>()

  const expire = async () => {
    for (let batch = 0; batch < mostBatches; batch++) {
      const found = await findExpired(db.write, clock.now() - giveUpAfterMs, mostAtOnce)
      for (const webhookId of new Set(found.map((one) => one.webhookId))) {
        const eventIds = found.filter((one) => one.webhookId === webhookId).map(({ eventId }) => eventId)
        await buryDeliveries(db.write, { webhookId, eventIds }, tooOld)
      }
      if (found.length < mostAtOnce) return
    }
  }

  type Cut = { webhookId: string; state: DeliveryState; over: number; isRemoved: boolean }
  /** Takes the oldest: those that wait become dead letters, dead letters leave. Of a webhook that was removed all leave. */
  const cut = async ({ webhookId, state, over, isRemoved }: Cut) => {
    const isLast = state === 'dead' || isRemoved
    for (let left = Math.min(over, mostBatches * mostAtOnce); left > 0; left -= mostAtOnce) {
      const found = await findOldest(db.write, { webhookId, state, most: Math.min(left, mostAtOnce) })
      if (found.length === 0) return
      const some = { webhookId, eventIds: found.map(({ eventId }) => eventId) }
      await (isLast ? removeDeliveries(db.write, some) : buryDeliveries(db.write, some, tooMany))
    }
  }

  const cutAll = async (state: DeliveryState): Promise<Set<string>> => {
    const ids = new Set(webhooks.map(({ webhookId }) => webhookId))
    const over = new Set<string>()
    const share = shareOf(
      [...counts.values()].map((count) => count[state]),
      maxWaitingInAll,
    )
    for (const [webhookId, count] of counts) {
      const isRemoved = !ids.has(webhookId)
      const tooMuch = count[state] - (isRemoved ? 0 : Math.min(maxWaiting, share))
      if (tooMuch <= 0) continue
      if (!isRemoved) over.add(webhookId)
      if (!isRemoved) logger.warn({ webhook: webhookId, deliveries: tooMuch }, tooManyOf[state])
      await cut({ webhookId, state, over: tooMuch, isRemoved })
    }
    return over
  }

  /** What failed is told as long as something waits for it: nothing else would find out that it is over. */
  const forgetFailures = async () => {
    for (const { webhookId, failingSince, disabledAt } of webhooks) {
      if (failingSince === null || disabledAt !== null || counts.get(webhookId)?.waiting) continue
      await forgetFailure(db.write, webhookId, failingSince)
    }
  }

  return {
    work: async () => {
      // What a process finds at its start is told too: a webhook that is disabled, rows of one that was removed.
      if (wasRead && isIdle() && counts.size === 0 && webhooks.length === 0) return
      await expire()
      counts = readCounts(await countDeliveries(db.write))
      webhooks = await findWebhooks(db.write)
      wasRead = true
      shed = await cutAll('waiting')
      await cutAll('dead')
      await forgetFailures()
    },
    counts: () => counts,
    webhooks: () => webhooks,
    problem: () => tellTroubles(findTroubles(webhooks, shed, clock.now())),
  }
}

export type Bounds = ReturnType<typeof createBounds>
