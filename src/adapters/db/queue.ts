import { Failure } from '../../protocol/errors.ts'
import { createQueue, createSlots, type QueueNeeds } from '../../protocol/queue.ts'

type Limits = { queueLimit: number; waitTimeoutMs: number }

export const createOverload = () => new Failure('OVERLOADED', { retryAfterSeconds: 1 })

const toNeeds = ({ queueLimit, waitTimeoutMs }: Limits): Omit<QueueNeeds, 'createRefusal'> => ({
  elapsedMs: () => performance.now(),
  longest: queueLimit,
  maxWaitMs: waitTimeoutMs,
  dropAfterMs: waitTimeoutMs,
})

/** The calls that wait for a connection. */
export const createDbQueue = (limits: Limits, createRefusal: QueueNeeds['createRefusal']) =>
  createQueue({ ...toNeeds(limits), createRefusal })

/** SQLite takes one writer at a time. */
export const createWriterSlot = (limits: Limits) =>
  createSlots({ ...toNeeds(limits), slots: 1, createRefusal: createOverload })
