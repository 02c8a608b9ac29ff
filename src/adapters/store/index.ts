/**
 * The store: short-lived values that every process shares (Redis), or that one process keeps (memory).
 *
 * Promises, held by one contract test on both:
 * - every verb is one atomic step and one round trip; every key gets its lifetime in the same step;
 * - a store that is away, too slow or not writable fails with `Failure('STORE_UNREACHABLE')` at once
 *   (Redis: within `commandTimeoutMs`), never with a guess. A command that timed out may still run later,
 *   so an unanswered `take` or `claim` counts as done;
 * - lifetimes are milliseconds from the store's own clock.
 */
export interface Store {
  /** The value, or undefined when there is none or its life is over. */
  get(key: string): Promise<string | undefined>
  /** Puts the value there, whatever was there before. */
  set(key: string, value: string, ttlMs: number): Promise<void>
  /** Removes the value and returns it: one of many callers gets it. */
  take(key: string): Promise<string | undefined>
  /** Adds one and returns the sum; the lifetime starts with the first. */
  increment(key: string, ttlMs: number): Promise<number>
  /**
   * Replaces `expected` (undefined: nothing there) by `value` (undefined: removes it).
   * True if it was so. A missing key never equals a string.
   */
  compareAndSet(
    key: string,
    expected: string | undefined,
    value: string | undefined,
    ttlMs: number,
  ): Promise<boolean>
  /** Puts the value there if nothing is; else returns what is there. Undefined means: it is yours. */
  claim(key: string, value: string, ttlMs: number): Promise<string | undefined>
  /**
   * The sliding log: passes if fewer than `max` passed in the last `windowMs`, and remembers it.
   * Returns 0 when passed, else the milliseconds until the oldest leaves. Never more than `max` pass in any window.
   */
  pass(key: string, windowMs: number, max: number): Promise<number>
  /** Puts a value there that `touch` reads, its last use now; one that was touched stays, with its marks. */
  setTouched(key: string, value: string, ttlMs: number): Promise<void>
  /**
   * Reads a value of `setTouched` together with its gates (plain keys), and marks it used.
   * A value that was not used for `idleMs` is returned with `idle: true` and stays so.
   * `used` tells whether an earlier touch marked it. On Redis Cluster all keys share one hash tag.
   */
  touch(key: string, idleMs: number, gates: readonly string[]): Promise<Touched>
  /** The store's own clock (ms since 1970) when it answers, else throws like every verb. */
  ping(): Promise<number>
  /** Round trips so far, for the budget of trips per request. */
  readonly trips: number
  close(): Promise<void>
}

/**
 * Brings a store up to date that may have lost what it kept, or have an old copy. Called with the store itself at the
 * start and whenever its server has restarted; until it returns nobody else can use the store.
 */
export type Recover = (store: Store) => Promise<void>

export type Touched = {
  value: string | undefined
  /** Milliseconds since the last use before this one (or since it was set); 0 without a value. */
  sinceUseMs: number
  /** Whether it had been touched before. */
  used: boolean
  idle: boolean
  /** In the order asked for. */
  gates: (string | undefined)[]
}
