/** Where time comes from. Handed in everywhere, so that a test can hold it still. */
export type Clock = {
  /** Wall clock, milliseconds since 1970; an administrator may set it. Only for dates on the wire and in rows. */
  now(): number
  /** Milliseconds that only ever pass, from any start: for lifetimes and timeouts. */
  elapsed(): number
}

export const systemClock: Clock = { now: () => Date.now(), elapsed: () => performance.now() }
