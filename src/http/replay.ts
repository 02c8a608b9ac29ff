/**
 * The replay guard: equal bytes of one device run once. The store holds one record for each, first as a claim
 * whose life is its lease, then with the sealed reply; a copy gets that reply, sealed anew.
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
  /** Keyed: a plaintext may hold a password, which a plain digest in the store would let a thief try. */
  digest(bytes: Uint8Array): string
  randomId(): string
  /** Milliseconds that only ever pass. */
  elapsedMs(): number
  /** For a wait: others may run meanwhile. */
  runWithoutSlot<T>(work: () => Promise<T>): Promise<T>
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
  | { operation: string; state: 'running'; id: string }
  | { operation: string; state: 'done'; reply: string }
  | { operation: string; state: 'refused' }

type Held = { key: string; held: string; isRepeat: boolean }

const times = { keepMs: 120_000, leaseMs: 15_000, waitMs: 5_000, pollMs: 25 } as const

const pause = (ms: number) => new Promise<void>((resolve) => setTimeout(resolve, ms))

export const createReplay = (needs: ReplayNeeds) => {
  const { store, sealer, digest, randomId, elapsedMs, runWithoutSlot, isReplyCurrent } = needs

  const claimOne = async (
    key: string,
    shape: OperationShape,
    giveUpAtMs: number,
  ): Promise<{ found: string } | Held> => {
    const mine: Entry = { operation: shape.path, state: 'running', id: randomId() }
    const held = JSON.stringify(mine)
    for (;;) {
      const existing = await store.claim(key, held, times.leaseMs)
      if (existing === undefined) return { key, held, isRepeat: false }
      const entry = JSON.parse(existing) as Entry
      if (entry.operation !== shape.path) {
        throw new Failure('ENVELOPE_REFUSED', { cause: new Error('bytes of another operation') })
      }
      if (entry.state === 'done') {
        const payload = sealer.open(key, Buffer.from(entry.reply, 'base64')).toString()
        if (shape.replay !== 'login' || (await isReplyCurrent(payload))) return { found: payload }
      }
      if (entry.state !== 'running' && (await store.compareAndSet(key, existing, held, times.leaseMs))) {
        return { key, held, isRepeat: entry.state === 'refused' }
      }
      if (elapsedMs() > giveUpAtMs) throw new Failure('OVERLOADED', { retryAfterSeconds: 1 })
      await runWithoutSlot(() => pause(times.pollMs))
    }
  }

  /** `{ found }`: the reply that was given before. Else the claim to settle. */
  return async (
    shape: OperationShape,
    deviceId: string,
    bytes: Uint8Array,
    text: string,
  ): Promise<{ found: string } | Claim> => {
    const claims: Held[] = []
    const finish = async (entryOf: (key: string) => Entry | undefined) => {
      await Promise.all(
        claims.map(({ key, held }) => {
          const entry = entryOf(key)
          return store.compareAndSet(key, held, entry && JSON.stringify(entry), times.keepMs)
        }),
      )
    }
    const settle = (payload: string) =>
      finish((key) => ({
        operation: shape.path,
        state: 'done',
        reply: sealer.seal(key, Buffer.from(payload)).toString('base64'),
      }))

    const keys = [`replay:${deviceId}:${digest(bytes)}`]
    if (shape.remember) keys.push(`replay:${deviceId}:${shape.path}:${digest(Buffer.from(text))}`)
    const giveUpAtMs = elapsedMs() + times.waitMs
    try {
      for (const key of keys) {
        const result = await claimOne(key, shape, giveUpAtMs)
        if ('found' in result) {
          // Also where it was found by its text: these bytes are bound to their operation all the same.
          await settle(result.found)
          return result
        }
        claims.push(result)
      }
    } catch (error) {
      // If the store is away now, the lease ends what was claimed.
      await finish(() => undefined).catch(() => {})
      throw error
    }
    return {
      isRepeat: claims.some(({ isRepeat }) => isRepeat),
      settle,
      release: (refusedLogin) =>
        finish(() => (refusedLogin ? { operation: shape.path, state: 'refused' } : undefined)),
    }
  }
}
