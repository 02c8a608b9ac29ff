/**
 * The replay guard: equal bytes of one device run once. The store holds one record for each, first as a claim
 * with a lease, then with the sealed reply; a copy gets that reply, sealed anew.
 */
import { Failure } from '../protocol/errors.ts'
import type { OperationShape } from './caller.ts'

export type ReplayNeeds = {
  store: {
    claim(key: string, value: string, ttlMs: number): Promise<string | undefined>
    compareAndSet(key: string, expected: string, value: string | undefined, ttlMs: number): Promise<boolean>
  }
  /** Encrypts a stored reply: tickets are in it. */
  sealer: {
    seal(place: string, plaintext: Uint8Array): Buffer
    open(place: string, sealed: Uint8Array): Buffer
  }
  digest(bytes: Uint8Array): string
  randomId(): string
  now(): number
  /** Whether the tickets of a stored login reply still stand. */
  isReplyCurrent(payload: string): Promise<boolean>
}

export type Claim = {
  /** A byte-equal copy of this login was refused before. */
  isRepeat: boolean
  /** Keeps the reply for copies; a failure of the store is the caller's to log: the operation has run. */
  settle(payload: string): Promise<void>
  /** Lets the next copy run; `refusedLogin` remembers that this one was counted. */
  release(refusedLogin: boolean): Promise<void>
}

type Entry =
  | { operation: string; state: 'running'; until: number; id: string }
  | { operation: string; state: 'done'; reply: string }
  | { operation: string; state: 'refused' }

export const replayTimes = { keepMs: 120_000, leaseMs: 15_000, waitMs: 5_000, pollMs: 25 } as const

const pause = (ms: number) => new Promise<void>((resolve) => setTimeout(resolve, ms))

export const createReplay = ({ store, sealer, digest, randomId, now, isReplyCurrent }: ReplayNeeds) => {
  type Attempt = { found: string } | { key: string; held: string; isRepeat: boolean }

  const attempt = async (key: string, shape: OperationShape): Promise<Attempt> => {
    const deadline = now() + replayTimes.waitMs
    for (;;) {
      const mine: Entry = {
        operation: shape.path,
        state: 'running',
        until: now() + replayTimes.leaseMs,
        id: randomId(),
      }
      const held = JSON.stringify(mine)
      const existing = await store.claim(key, held, replayTimes.keepMs)
      if (existing === undefined) return { key, held, isRepeat: false }
      const entry = JSON.parse(existing) as Entry
      if (entry.operation !== shape.path) {
        throw new Failure('ENVELOPE_REFUSED', { cause: new Error('bytes of another operation') })
      }
      if (entry.state === 'done') {
        const payload = sealer.open(key, Buffer.from(entry.reply, 'base64')).toString()
        if (shape.replay !== 'login' || (await isReplyCurrent(payload))) return { found: payload }
      }
      const isRunning = entry.state === 'running' && entry.until > now()
      if (!isRunning && (await store.compareAndSet(key, existing, held, replayTimes.keepMs))) {
        return { key, held, isRepeat: entry.state === 'refused' }
      }
      if (now() > deadline) throw new Failure('OVERLOADED', { retryAfterSeconds: 1 })
      await pause(replayTimes.pollMs)
    }
  }

  const finish = (key: string, held: string, entry: Entry | undefined) =>
    store.compareAndSet(key, held, entry && JSON.stringify(entry), replayTimes.keepMs)

  /** Undefined: nothing to watch. `{ found }`: the reply that was given before. Else the claim to settle. */
  return async (
    shape: OperationShape,
    deviceId: string,
    bytes: Uint8Array,
    text: string,
  ): Promise<{ found: string } | Claim | undefined> => {
    if (shape.replay === 'read') return undefined
    const attempts: Exclude<Attempt, { found: string }>[] = []
    const keys = [`replay:${deviceId}:${digest(bytes)}`]
    if (shape.remember) keys.push(`replay:${deviceId}:${shape.path}:${digest(Buffer.from(text))}`)
    const releaseAll = () => Promise.all(attempts.map(({ key, held }) => finish(key, held, undefined)))
    for (const key of keys) {
      const result = await attempt(key, shape).catch(async (error) => {
        await releaseAll()
        throw error
      })
      if ('found' in result) {
        await releaseAll()
        return result
      }
      attempts.push(result)
    }
    const finishAll = async (entryOf: (key: string) => Entry | undefined) => {
      await Promise.all(attempts.map(({ key, held }) => finish(key, held, entryOf(key))))
    }
    return {
      isRepeat: attempts.some(({ isRepeat }) => isRepeat),
      settle: (payload) =>
        finishAll((key) => ({
          operation: shape.path,
          state: 'done',
          reply: sealer.seal(key, Buffer.from(payload)).toString('base64'),
        })),
      release: (refusedLogin) =>
        finishAll(() => (refusedLogin ? { operation: shape.path, state: 'refused' } : undefined)),
    }
  }
}
