/** A message becomes a row in the transaction of what it tells of: both are there, or neither. */
import type { Clock } from '../../adapters/clock.ts'
import type { Sealer } from '../../adapters/crypto.ts'
import type { Random } from '../../adapters/random.ts'
import { Failure } from '../../protocol/errors.ts'
import { plainName } from '../../protocol/plain-name.ts'
import type { Channel, Outbox } from './api.ts'
import type { Backlog } from './backlog.ts'
import { hintOf, sealBody } from './body.ts'
import { checkVariables } from './kinds.ts'
import { createMessageId } from './message-id.ts'
import { insertMessage } from './repo.ts'

export type AddNeeds = {
  clock: Clock
  random: Random
  sealer: Sealer
  backlog: Pick<Backlog, 'isFull' | 'noteAdded'>
  isSetUp(channel: Channel): boolean
  /** A message was asked for that this server cannot send. */
  noteRefused(channel: Channel): void
}

const failures = { email: 'MAIL_FAILED', phone: 'SMS_FAILED' } as const
const retryAfterSeconds = 60

/** Of a variable, in code points: names of devices and places may be long. */
const longestVariable = 300
const cut = (text: string) => [...text.slice(0, 2 * longestVariable)].slice(0, longestVariable).join('')
/** A stranger chooses the name of its device, in every kind of message. */
const tell = (name: string, value: string) => (name === 'device' ? plainName(cut(value)) : cut(value))

export const createAdd = (needs: AddNeeds): Outbox => {
  const { clock, random, sealer, backlog, isSetUp, noteRefused } = needs

  const check: Outbox['check'] = (channel) => {
    if (!isSetUp(channel)) {
      noteRefused(channel)
      throw new Failure(failures[channel])
    }
    if (backlog.isFull()) throw new Failure(failures[channel], { retryAfterSeconds })
  }

  const canSend: Outbox['canSend'] = (channel) => {
    try {
      check(channel)
      return true
    } catch {
      return false
    }
  }

  const add: Outbox['add'] = async (trx, message) => {
    const { channel, to, kind, language, appId, expiresAt = null } = message
    check(channel)
    checkVariables(kind, message.variables)
    const now = clock.now()
    const messageId = createMessageId(now, random)
    const variables = Object.fromEntries(
      Object.entries(message.variables).map(([name, value]) => [name, tell(name, value)]),
    )
    backlog.noteAdded()
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

  return { check, canSend, add }
}
