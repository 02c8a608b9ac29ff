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
  /** Applies what others changed until now: who is told that a login ended and asks must not hear that it is good. */
  catchUp(): Promise<void>
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
/** How soon an event of another user is noticed while calls are under way. */
const pauseMs = 400
const pause = () => new Promise<void>((resolve) => setTimeout(resolve, pauseMs))
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
    const errors: Error[] = []

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

    const mayCall = ({ restsUntil }: WebhookRow) =>
      isHeld() && !isGone && errors.length === 0 && restsUntil <= clock.now()

    /** The webhook as calls under way know it too. Undefined: it may not be called now. */
    let known: WebhookRow | undefined
    const read = async (): Promise<WebhookRow | undefined> => {
      // Read anew: an administrator may have changed it.
      const row = await findWebhook(db.write, webhookId)
      if (!row?.claimedBy?.equals(claimant) || row.disabledAt !== null) return undefined
      known = known ? Object.assign(known, row) : row
      return mayCall(known) ? known : undefined
    }

    /** Users of whom an event is under way. */
    const flying = new Map<number, Promise<void>>()
    const start = (webhook: WebhookRow, delivery: DeliveryRow) => {
      const { userId } = delivery
      const flight = deliver(webhook, delivery)
        .catch((error: Error) => void errors.push(error))
        .finally(() => flying.delete(userId))
      flying.set(userId, flight)
    }

    /** The next deliveries, of users of whom none is under way. */
    const findNext = async (most: number): Promise<DeliveryRow[]> => {
      const nowMs = clock.now()
      const due = await findDueUsers(db.write, { webhookId, nowMs, most: most + flying.size })
      const userIds = due.filter((userId) => !flying.has(userId))
      if (userIds.length === 0) return []
      const heads = await findHeads(db.write, webhookId, userIds)
      for (const head of heads.filter(({ nextAt }) => nextAt > nowMs))
        await delayUser(db.write, head, head.nextAt)
      return heads.filter(({ nextAt }) => nextAt <= nowMs)
    }

    /** Without the store there is nothing to tell yet; the reader of the change log says what fails. */
    const hasCaughtUp = () =>
      needs.catchUp().then(
        () => true,
        () => false,
      )

    const goOn = async (): Promise<boolean> => {
      const webhook = await read()
      if (!webhook) return false
      // A receiver that fails is tried by one delivery at a time.
      const isFailing = webhook.failures > 0
      const atOnce = isFailing ? 1 : slots()
      const next = await findNext(isFailing ? 1 : atOnce * usersPerSlot)
      if (next.length > 0 && !(await hasCaughtUp())) return false
      for (const delivery of next) {
        while (flying.size >= atOnce) await Promise.race(flying.values())
        if (!mayCall(webhook)) return false
        start(webhook, delivery)
      }
      if (next.length > 0) return true
      if (flying.size === 0)
        return (await findDueUsers(db.write, { webhookId, nowMs: clock.now(), most: 1 })).length > 0
      await Promise.race([...flying.values(), pause()])
      return true
    }

    try {
      while (await goOn());
    } finally {
      // The webhook is given back behind this, and no call of it may be under way then.
      await Promise.all(flying.values())
    }
    const [error] = errors
    if (error) throw error
  }
}
