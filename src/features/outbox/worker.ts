/**
 * Sends the messages of one channel. Every process has a worker for each; a claim of the row decides which one sends a
 * message. It is sent once, unless its process dies between the other side's "taken" and the row: then it is sent
 * again with the same id, by which the other side can tell.
 */
import type { Clock } from '../../adapters/clock.ts'
import type { Sealer } from '../../adapters/crypto.ts'
import type { Db } from '../../adapters/db/index.ts'
import type { Random } from '../../adapters/random.ts'
import type { SendError, Sender } from '../../adapters/sender.ts'
import type { Channel } from './api.ts'
import { openBody } from './body.ts'
import type { Compose } from './compose.ts'
import { claimMessages, delayMessage, endMessages, moveMessages } from './repo.ts'
import type { MessageState, OutboxRow } from './tables.ts'
import { waitOfChannel, waitOfMessage } from './waits.ts'

export type WorkerNeeds = {
  channel: Channel
  sender: Sender
  compose: Compose
  db: Pick<Db, 'write'>
  clock: Clock
  random: Random
  sealer: Sealer
  logger: { warn(fields: object, text: string): void }
  giveUpAfterMs: number
}

/** A process that died gives its messages back after this time. */
const claimMs = 30_000
/** Messages that one process holds, for each that it sends at the same time. */
const heldPerSlot = 20
const longestCloseMs = 5_000

type Ending = Exclude<MessageState, 'waiting'>

const longestProblem = 250
/** What another program said: one line, that fits its column. */
const tell = (error: unknown): string =>
  [...(error as Error).message.replace(/[\p{Cc}\p{Cs}\s]+/gu, ' ')].slice(0, longestProblem).join('')

const isSendError = (error: unknown): error is SendError => (error as Error)?.name === 'SendError'

export const createWorker = (needs: WorkerNeeds) => {
  const { channel, sender, compose, db, clock, random, sealer, logger, giveUpAfterMs } = needs
  const claimant = random.bytes(8)
  const most = sender.atOnce * heldPerSlot
  const totals = { sent: 0, expired: 0, 'given-up': 0, kept: 0, failed: 0 }
  /** Claimed by this process, until the row says what became of them. */
  const held = new Map<string, OutboxRow>()
  const waiting: OutboxRow[] = []
  const sending = new Set<Promise<void>>()
  /** What is wrong with the way to the other side. */
  const fault = { problem: '', failures: 0, restsUntil: 0 }
  let isClosed = false
  let wasChecked = false

  const chance = () => random.bytes(1).readUInt8() / 255
  const keyOf = ({ messageId }: OutboxRow) => messageId.toString('hex')
  const holdOf = (rows: readonly OutboxRow[]) => ({ ids: rows.map(({ messageId }) => messageId), claimant })
  const isResting = () => clock.now() < fault.restsUntil

  // --- the ends of messages, written together while an earlier write runs
  const ends: { row: OutboxRow; state: Ending; problem: string }[] = []
  let writing: Promise<void> | undefined

  const writeEnds = async () => {
    for (;;) {
      const [first] = ends
      if (!first) return
      const { state, problem } = first
      const same = ends.filter((end) => end.state === state && end.problem === problem).slice(0, 100)
      const rows = same.map(({ row }) => row)
      await endMessages(db.write, holdOf(rows).ids, {
        state,
        problem,
        endedAt: clock.now(),
        keepsBody: state === 'kept' || state === 'given-up',
      })
      for (const end of same) ends.splice(ends.indexOf(end), 1)
      for (const row of rows) held.delete(keyOf(row))
      totals[state] += rows.length
    }
  }
  /** What could not be written stays, and is written with the next message or by the next run. */
  const flushEnds = (): Promise<void> => {
    writing ??= writeEnds().finally(() => {
      writing = undefined
    })
    return writing
  }
  const end = (row: OutboxRow, state: Ending, problem = '') => {
    ends.push({ row, state, problem })
    return flushEnds()
  }

  const noteFault = async (problem: string) => {
    if (fault.problem !== problem) logger.warn({ channel, problem }, 'messages cannot be sent')
    fault.problem = problem
    // The messages that were under way fail together, and count as one failure.
    if (!isResting()) {
      fault.failures++
      fault.restsUntil = clock.now() + waitOfChannel(fault.failures, chance())
    }
    const given = waiting.splice(0)
    if (given.length === 0) return
    await moveMessages(db.write, holdOf(given), fault.restsUntil)
    for (const row of given) held.delete(keyOf(row))
  }
  const noteSuccess = () => Object.assign(fault, { problem: '', failures: 0, restsUntil: 0 })

  const delay = async (row: OutboxRow, problem: string) => {
    const now = clock.now()
    if (now - row.createdAt >= giveUpAfterMs) {
      logger.warn({ channel, id: keyOf(row), problem }, 'a message was given up')
      return end(row, 'given-up', problem)
    }
    const nextAt = now + waitOfMessage(now - row.createdAt, chance())
    await delayMessage(db.write, holdOf([row]), {
      problem,
      nextAt: Math.min(nextAt, row.expiresAt ?? nextAt),
    })
    held.delete(keyOf(row))
  }

  const fail = async (row: OutboxRow, error: unknown) => {
    totals.failed++
    const problem = tell(error)
    if (!isSendError(error)) {
      logger.warn({ channel, id: keyOf(row), err: error }, 'a message cannot be composed')
      return delay(row, problem)
    }
    if (error.isFinal) return end(row, 'given-up', problem)
    if (error.isOfChannel) await noteFault(problem)
    return delay(row, problem)
  }

  const deliver = async (row: OutboxRow) => {
    const { messageId, body, expiresAt } = row
    if (expiresAt !== null && expiresAt <= clock.now()) return end(row, 'expired', row.problem)
    if (body === null) return end(row, 'given-up', 'its text is gone')
    try {
      await sender.send(await compose(row, openBody(sealer, messageId, body)))
    } catch (error) {
      return fail(row, error)
    }
    noteSuccess()
    return end(row, sender.isTrial ? 'kept' : 'sent')
  }

  const fillSlots = () => {
    while (!isClosed && sending.size < sender.atOnce) {
      const row = waiting.shift()
      if (!row) return
      const run: Promise<void> = deliver(row)
        .catch((error) => {
          // Its claim ends by itself; what is among the ends is written by the next run.
          if (!ends.some((end) => end.row === row)) held.delete(keyOf(row))
          logger.warn({ channel, err: error }, 'what became of a message was not written')
        })
        .finally(() => {
          sending.delete(run)
          fillSlots()
        })
      sending.add(run)
    }
  }

  /** Whether there may be more that is due. While the other side fails, one message at a time tries it. */
  const claim = async (): Promise<boolean> => {
    const wanted = (fault.failures > 0 ? 1 : most) - held.size
    if (wanted <= 0) return false
    const nowMs = clock.now()
    const rows = await claimMessages(db.write, {
      channel,
      claimant,
      nowMs,
      untilMs: nowMs + claimMs,
      most: wanted,
    })
    const fresh = rows.filter((row) => !held.has(keyOf(row)))
    for (const row of fresh) held.set(keyOf(row), row)
    waiting.push(...fresh)
    fillSlots()
    return rows.length === wanted
  }

  /** With no message to try it by, the other side itself is asked: a fault that is over is not told any more. */
  const checkOtherSide = async () => {
    wasChecked = true
    try {
      await sender.check()
      noteSuccess()
    } catch (error) {
      await noteFault(tell(error))
    }
  }

  return {
    /** Sends what is due; returns when there is no more to claim. */
    work: async () => {
      if (ends.length > 0) await flushEnds()
      while (!isClosed && !isResting() && (await claim())) {
        while (held.size > most / 2 && sending.size > 0) await Promise.race(sending)
      }
      if (!isClosed && !isResting() && sending.size === 0 && (fault.failures > 0 || !wasChecked))
        await checkOtherSide()
    },
    /** What this process holds stays its own while it lives, however slow the other side is. */
    prolong: async () => {
      if (held.size > 0) await moveMessages(db.write, holdOf([...held.values()]), clock.now() + claimMs)
    },
    problem: () => fault.problem,
    totals: () => totals,
    close: async () => {
      isClosed = true
      const given = waiting.splice(0)
      if (given.length > 0) await moveMessages(db.write, holdOf(given), clock.now())
      const stop = setTimeout(sender.close, longestCloseMs)
      await Promise.all(sending)
      clearTimeout(stop)
      await flushEnds()
      await sender.close()
    },
  }
}

export type Worker = ReturnType<typeof createWorker>
