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
   * With wider logs it passes if all of them have room, and all remember it, or none. On Redis Cluster they share one
   * hash tag.
   */
  pass(key: string, windowMs: number, max: number, wider?: readonly WiderLog[]): Promise<number>
  /**
   * Puts a value there that `touch` reads, its last use now; one that was touched stays, with its marks. With an idle
   * time of its own it is idle after that at the latest.
   */
  setTouched(key: string, value: string, ttlMs: number, ownIdleMs?: number): Promise<void>
  /**
   * Reads a value of `setTouched` together with its gates (plain keys), and marks it used.
   * A value that was not used for `idleMs`, or for its own idle time, is returned with `idle: true` and stays so.
   * `used` tells whether an earlier touch marked it. On Redis Cluster all keys share one hash tag.
   */
  touch(key: string, idleMs: number, gates: readonly string[]): Promise<Touched>
  /**
   * Like `compareAndSet`, with a value expected and a new one; in the same step a ledger begins at `ledger` with
   * `marks`, instead of whatever was there, and lives as long as the value. If it was not so, nothing changes.
   * A ledger remembers what was used up; it may begin empty. With `yields` a store of one process that is full gives both up
   * for other keys, the oldest first, until one of them is extended. On Redis Cluster both keys share one hash tag.
   */
  beginLedger(input: {
    key: string
    expected: string
    value: string
    ledger: string
    marks: readonly string[]
    ttlMs: number
    yields?: boolean
  }): Promise<boolean>
  /**
   * Enters marks into a ledger if none of them is in it: of many callers with one mark one is told 'consumed'.
   * 'missing': there is no ledger, and none begins. 'seen': at least one mark was there, also if the ledger is full.
   * 'full': it would hold more than `most` marks (numbers do not count). In these three cases nothing is entered.
   * `lifeMs` is what is left of the ledger's life, which consuming does not prolong; 0 without a ledger.
   */
  consume(ledger: string, marks: readonly string[], most: number): Promise<Consumed>
  /**
   * A sliding window over numbers (integers from 1 to 2^53 - 1) in a ledger, apart from its marks. Its highest number
   * is 0 at the beginning. 'behind': at or below highest - width. 'ahead': above highest + jump. 'seen': it was there.
   * Else 'fresh': it is remembered, and what fell out of the window is forgotten; of many callers with one number
   * one is told so. One ledger has one width: with a wider one what was forgotten would be fresh again.
   * 'missing' and `lifeMs` as in `consume`. Throws RangeError for what is no such integer.
   */
  slide(ledger: string, number: number, width: number, jump: number): Promise<Slid>
  /** Gives those of the keys that are there, whatever they hold, a new life. On Redis Cluster they share one hash tag. */
  extend(keys: readonly string[], ttlMs: number): Promise<void>
  /**
   * Puts an entry into a ring of at most `most` (at least 1), whose life begins anew. Returns the oldest entry if it
   * fell out. (With a smaller `most` than before all that is too much falls out; the oldest of it is returned.)
   */
  pushBounded(key: string, entry: string, most: number, ttlMs: number): Promise<string | undefined>
  /**
   * The same for several rings: the oldest entries that fell out. A store of one process that is full gives such rings up
   * for other keys. On Redis Cluster the rings share one hash tag.
   */
  pushEach(rings: readonly BoundedRing[], entry: string, ttlMs: number): Promise<string[]>
  /**
   * `setTouched` of a key and `pushBounded` of that key in one step; one that is in the ring already keeps its place.
   * Keys that fall out of the ring are removed, whatever they hold. Where there is no room nothing changes. On Redis
   * Cluster the ring and all keys in it share one hash tag.
   */
  setInRing(input: ValueInRing): Promise<void>
  /** Removes the keys, whatever they hold. On Redis Cluster they share one hash tag. */
  remove(keys: readonly string[]): Promise<void>
  /** The store's own clock (ms since 1970) when it answers, else throws like every verb. */
  ping(): Promise<number>
  /** What an administrator should change about the server, each in one sentence. Fails like every verb. */
  findWarnings(): Promise<string[]>
  /** Round trips so far, for the budget of trips per request. */
  readonly trips: number
  /**
   * Names the life of the store: what another life has acknowledged, this one may have lost. The same for all
   * processes. Redis: the server's run id as known since the last recovery, so another one after each restart and
   * failover, but not after a mere loss of the connection. Memory: of this process, by chance. Empty where
   * the server has none (Cluster). Never throws, and takes no trip.
   */
  readonly epoch: string
  close(): Promise<void>
}

/**
 * Brings a store up to date that may have lost what it kept, or have an old copy. Called with the store itself at the
 * start and whenever its server has restarted; until it returns no other caller can use the store.
 */
export type Recover = (store: Store) => Promise<void>

export type WiderLog = { key: string; max: number }
export type BoundedRing = { key: string; most: number }
export type ValueInRing = {
  key: string
  value: string
  ttlMs: number
  ownIdleMs?: number | undefined
  ring: BoundedRing & { ttlMs: number }
}

export type Consumed = { outcome: 'consumed' | 'seen' | 'full' | 'missing'; lifeMs: number }

export type Slid = { outcome: 'fresh' | 'seen' | 'behind' | 'ahead' | 'missing'; lifeMs: number }

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
