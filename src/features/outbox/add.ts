/** A message becomes a row in the transaction of what it tells of: both are there, or neither. */
import type { Clock } from '../../adapters/clock.ts'
import type { Sealer } from '../../adapters/crypto.ts'
import type { Executor } from '../../adapters/db/index.ts'
import type { Random } from '../../adapters/random.ts'
import type { Message } from './api.ts'
import { hintOf, sealBody } from './body.ts'
import { insertMessage } from './repo.ts'

export type AddNeeds = { clock: Clock; random: Random; sealer: Sealer }

const timeBytes = 6
const randomBytes = 10
/** Of a variable, in code points: names of devices and places may be long. */
const longestVariable = 300

const cut = (text: string) => [...text.slice(0, 2 * longestVariable)].slice(0, longestVariable).join('')

export const createMessageId = (nowMs: number, random: Random): Buffer => {
  const time = Buffer.alloc(timeBytes)
  time.writeUIntBE(nowMs, 0, timeBytes)
  return Buffer.concat([time, random.bytes(randomBytes)])
}

export const createAdd = ({ clock, random, sealer }: AddNeeds) =>
  async function add(trx: Executor, message: Message): Promise<void> {
    const { channel, to, kind, language, appId, expiresAt = null } = message
    const now = clock.now()
    const messageId = createMessageId(now, random)
    const variables = Object.fromEntries(
      Object.entries(message.variables).map(([name, value]) => [name, cut(value)]),
    )
    await insertMessage(trx, {
      messageId,
      channel,
      kind,
      appId,
      hint: hintOf(to),
      body: sealBody(sealer, messageId, { to, language, variables }),
      state: 'waiting',
      attempts: 0,
      problem: '',
      nextAt: now,
      claimedBy: null,
      expiresAt,
      createdAt: now,
      endedAt: null,
    })
  }
