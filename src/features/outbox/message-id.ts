/** Ids of messages: 6 bytes of time, so that rows are inserted and listed in its order, then randomness. */
import type { Random } from '../../adapters/random.ts'

const timeBytes = 6
const randomBytes = 10
export const idBytes = timeBytes + randomBytes

export const createMessageId = (nowMs: number, random: Random): Buffer => {
  const time = Buffer.alloc(timeBytes)
  time.writeUIntBE(nowMs, 0, timeBytes)
  return Buffer.concat([time, random.bytes(randomBytes)])
}

export const timeOf = (messageId: Buffer): number => messageId.readUIntBE(0, timeBytes)
