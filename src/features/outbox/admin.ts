/** What an administrator sees of messages and does to them. What they say is sealed: the server key opens it. */
import type { Clock } from '../../adapters/clock.ts'
import type { Sealer } from '../../adapters/crypto.ts'
import type { Db } from '../../adapters/db/index.ts'
import type { Random } from '../../adapters/random.ts'
import type { RecordAudit } from '../audit/api.ts'
import { createAdd } from './add.ts'
import type { Outbox } from './api.ts'
import { idBytes } from './message-id.ts'
import { findMessage, findMessages, retryMessages } from './repo.ts'
import type { MessageState } from './tables.ts'

export type OutboxAdminNeeds = { db: Db; clock: Clock; random: Random; recordAudit: RecordAudit }

/** The ids that begin so; undefined for what begins none. */
const rangeOf = (start: string): { from: Buffer; to: Buffer } | undefined => {
  if (!/^[0-9a-f]{1,32}$/i.test(start)) return undefined
  const fill = (digit: string) => Buffer.from(start.padEnd(2 * idBytes, digit), 'hex')
  return { from: fill('0'), to: fill('f') }
}

export const createOutboxAdmin = ({ db, clock, random, recordAudit }: OutboxAdminNeeds) => {
  const find = async (id: string) => {
    const range = rangeOf(id)
    return range && findMessage(db.write, range.from, range.to)
  }
  return {
    list: (most: number, state?: MessageState) => findMessages(db.write, most, state),
    /** For a command that has the server key, and knows that a server sends such messages. */
    openAdd: (sealer: Sealer): Outbox['add'] =>
      createAdd({
        clock,
        random,
        sealer,
        backlog: { isFull: () => false, noteAdded: () => undefined },
        isSetUp: () => true,
        noteRefused: () => undefined,
      }).add,
    /** By the beginning of its id. */
    find,
    /** Makes one message, or all that wait or were given up, due now. How many there are. */
    retry: async (id?: Buffer): Promise<number> =>
      db.transaction(async (trx) => {
        const messages = await retryMessages(trx, id, clock.now())
        await recordAudit(trx, { kind: 'outbox.retried', detail: { messages } })
        return messages
      }),
  }
}
