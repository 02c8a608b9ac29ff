/**
 * Calls one webhook while this process has claimed it: many users at the same time, the events of one user in the order
 * of their numbers. A delivery is removed when the receiver has taken it; a process that dies before sends it again with
 * the same id.
 */
import type { Clock } from '../../../adapters/clock.ts'
import type { Sealer } from '../../../adapters/crypto.ts'
import type { Db } from '../../../adapters/db/index.ts'
import type { Random } from '../../../adapters/random.ts'
import type { CallWebhook } from '../../../adapters/webhook-call.ts'
import { findWebhook, updateClaimed } from '../repo.ts'
import { openSecrets } from '../secrets.ts'
import { nameOf } from '../summary.ts'
import type { DeliveryRow, WebhookRow } from '../tables.ts'
import { judgeError, judgeReply, type Outcome } from './judge.ts'
import { writePayload } from './payload.ts'
import { delayUser, findDueUsers, findHeads, noteAttempt, removeDeliveries } from './repo.ts'
import { restOf, waitOfUser } from './waits.ts'

export type RunNeeds = {
  db: Pick<Db, 'write'>
  clock: Clock
  random: Random
  sealer: Sealer
  logger: { warn(fields: object, text: string): void; info(fields: object, text: string): void }
  callWebhook: CallWebhook
  giveUpAfterMs: number
  claimant: Buffer
  /** The receiver answered 410 Gone. */
  disableGone(webhook: WebhookRow, problem: string): Promise<void>
  note(outcome: 'arrived' | 'failed' | 'dead'): void
}

/** What the run of one webhook is told by the worker. */
export type Lease = {
  /** No other process calls the webhook until a call that begins now has ended. */
  isHeld(): boolean
  /** Calls that may run at once. */
  slots(): number
}

/** A receiver that refuses so many events one after another is at fault itself; one that refuses a few is not. */
const strikesToRest = 20
const usersPerSlot = 10
const longestRetryAfterSeconds = 600

const well = { problem: '', failures: 0, failingSince: null, restsUntil: 0 } as const

export const createRun = (needs: RunNeeds) => {
  const { db, clock, random, sealer, logger, callWebhook, giveUpAfterMs, claimant, note } = needs
  const chance = () => random.bytes(1).readUInt8() / 255

  const call = async (webhook: WebhookRow, delivery: DeliveryRow): Promise<Outcome> => {
    const { url } = webhook
    try {
      const secrets = openSecrets(sealer, webhook)
      const id = delivery.eventId.toString('hex')
      return judgeReply(await callWebhook({ url, secrets, id, body: writePayload(delivery) }))
    } catch (error) {
      if ((error as Error)?.name !== 'OutgoingError')
        logger.warn({ webhook: webhook.webhookId, err: error }, 'a webhook could not be called')
      return judgeError(error, url)
    }
  }

  return async function run(webhookId: string, { isHeld, slots }: Lease): Promise<void> {
    let strikes = 0
    let isGone = false

    const noteSuccess = async (webhook: WebhookRow) => {
      strikes = 0
      if (webhook.failingSince === null) return
      if (webhook.failures > 0) logger.info({ webhook: webhookId }, 'a webhook takes calls again')
      Object.assign(webhook, well)
      await updateClaimed(db.write, webhookId, claimant, well)
    }

    const noteFailure = async (webhook: WebhookRow, outcome: Outcome) => {
      const { problem, isOfReceiver, retryAfterSeconds } = outcome
      const now = clock.now()
      strikes += isOfReceiver ? strikesToRest : 1
      // The calls that were under way fail together, and count as one failure.
      const rests = strikes >= strikesToRest && webhook.restsUntil <= now
      if (!rests && webhook.failingSince !== null) return
      if (webhook.failingSince === null) logger.warn({ webhook: nameOf(webhook), problem }, 'a webhook fails')
      const failures = webhook.failures + (rests ? 1 : 0)
      const asked = Math.min(retryAfterSeconds, longestRetryAfterSeconds) * 1_000
      const values = {
        problem,
        failures,
        failingSince: webhook.failingSince ?? now,
        restsUntil: rests ? now + Math.max(restOf(failures, chance()), asked) : webhook.restsUntil,
      }
      Object.assign(webhook, values)
      await updateClaimed(db.write, webhookId, claimant, values)
    }

    const fail = async (webhook: WebhookRow, delivery: DeliveryRow, outcome: Outcome) => {
      const { problem } = outcome
      const now = clock.now()
      const ageMs = now - delivery.queuedAt
      const isDead = ageMs >= giveUpAfterMs
      note(isDead ? 'dead' : 'failed')
      if (!isDead) await delayUser(db.write, delivery, now + waitOfUser(ageMs, chance()))
      await noteAttempt(db.write, delivery, { problem, state: isDead ? 'dead' : 'waiting' })
      if (outcome.isGone && !isGone) {
        isGone = true
        await needs.disableGone(webhook, problem)
      }
      if (!isGone) await noteFailure(webhook, outcome)
    }

    const deliver = async (webhook: WebhookRow, delivery: DeliveryRow) => {
      const outcome = await call(webhook, delivery)
      if (outcome.problem !== '') return fail(webhook, delivery, outcome)
      await removeDeliveries(db.write, { webhookId, eventIds: [delivery.eventId] })
      note('arrived')
      return noteSuccess(webhook)
    }

    const mayCall = ({ restsUntil }: WebhookRow) => isHeld() && !isGone && restsUntil <= clock.now()

    /** The next delivery of some users; false when there is none, or none may be sent now. */
    const turn = async (): Promise<boolean> => {
      // Read anew: an administrator may have changed it.
      const webhook = await findWebhook(db.write, webhookId)
      if (!webhook?.claimedBy?.equals(claimant) || webhook.disabledAt !== null || !mayCall(webhook))
        return false
      // A receiver that fails is tried by one delivery at a time.
      const atOnce = webhook.failures > 0 ? 1 : slots()
      const most = webhook.failures > 0 ? 1 : atOnce * usersPerSlot
      const nowMs = clock.now()
      const userIds = await findDueUsers(db.write, { webhookId, nowMs, most })
      if (userIds.length === 0) return false
      const heads = await findHeads(db.write, webhookId, userIds)
      for (const head of heads.filter(({ nextAt }) => nextAt > nowMs))
        await delayUser(db.write, head, head.nextAt)
      const due = heads.filter(({ nextAt }) => nextAt <= nowMs)
      const lane = async () => {
        while (mayCall(webhook)) {
          const delivery = due.shift()
          if (!delivery) return
          await deliver(webhook, delivery)
        }
      }
      // Each lane to its end: the webhook is given back, and no call of it may be under way then.
      const lanes = await Promise.allSettled(Array.from({ length: atOnce }, lane))
      const failed = lanes.find(({ status }) => status === 'rejected')
      if (failed?.status === 'rejected') throw failed.reason
      return true
    }

    while (await turn());
  }
}
