/**
 * Which webhooks this process calls. Each has a run of its own, so that a slow one delays no other; a claim decides which
 * process has it, so that the events of a user keep their order.
 */
import { claimWebhook, findWorkable, updateClaimed } from '../repo.ts'
import { createRun, type RunNeeds } from './run.ts'

export type WorkerNeeds = Omit<RunNeeds, 'claimant' | 'note'> & {
  /** Without a webhook there is nothing to ask the database for. */
  isIdle(): boolean
  /** Calls of one webhook that run at once. */
  atOnce: number
  timeoutMs: number
}

/** How long a claim lasts beyond the longest call: a process that died gives its webhooks back after this time. */
const spareMs = 30_000
/** Calls of this process that run at once; each webhook has its share, and at least one. */
const mostAtOnce = 200
const longestCloseMs = 5_000

type Run = { heldUntil: number; ended: Promise<void> }

export const createWorker = (needs: WorkerNeeds) => {
  const { db, clock, random, logger, isIdle, atOnce, timeoutMs } = needs
  const claimant = random.bytes(8)
  const claimMs = spareMs + timeoutMs
  const totals = { arrived: 0, failed: 0, dead: 0 }
  const runs = new Map<string, Run>()
  let isClosed = false

  const run = createRun({
    ...needs,
    claimant,
    note: (outcome) => {
      totals[outcome]++
    },
  })
  const slots = () => Math.max(1, Math.min(atOnce, Math.floor(mostAtOnce / runs.size)))

  const start = (webhookId: string, heldUntil: number) => {
    const started: Run = { heldUntil, ended: Promise.resolve() }
    // By a clock that nothing sets: this process may have been stopped for longer than its claim lasts.
    const isHeld = () => !isClosed && clock.elapsed() + timeoutMs < started.heldUntil
    runs.set(webhookId, started)
    const warn = (error: unknown) =>
      logger.warn({ webhook: webhookId, err: error }, 'deliveries of a webhook stopped')
    started.ended = run(webhookId, { isHeld, slots })
      .catch(warn)
      .then(() => updateClaimed(db.write, webhookId, claimant, { claimedBy: null, claimedUntil: 0 }))
      .then(() => undefined, warn)
      .finally(() => runs.delete(webhookId))
  }

  return {
    /** Begins to call the webhooks for which a delivery is due. */
    work: async () => {
      if (isIdle() || isClosed) return
      for (const webhookId of await findWorkable(db.write, clock.now())) {
        if (isClosed || runs.has(webhookId)) continue
        const nowMs = clock.now()
        const heldUntil = clock.elapsed() + claimMs
        const claim = { claimant, nowMs, untilMs: nowMs + claimMs }
        if (await claimWebhook(db.write, webhookId, claim)) start(webhookId, heldUntil)
      }
    },
    /** What this process calls stays its own while it lives, however slow the receiver is. */
    prolong: async () => {
      for (const [webhookId, held] of runs) {
        const heldUntil = clock.elapsed() + claimMs
        const values = { claimedUntil: clock.now() + claimMs }
        if (await updateClaimed(db.write, webhookId, claimant, values)) held.heldUntil = heldUntil
      }
    },
    totals: () => totals,
    /** Waits for the calls that are under way, for a while. */
    close: async () => {
      isClosed = true
      let timer: NodeJS.Timeout | undefined
      const late = new Promise<void>((resolve) => {
        timer = setTimeout(resolve, longestCloseMs)
      })
      await Promise.race([late, Promise.all([...runs.values()].map(({ ended }) => ended))])
      clearTimeout(timer)
    },
  }
}

export type Worker = ReturnType<typeof createWorker>
