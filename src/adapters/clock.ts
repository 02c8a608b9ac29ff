/** Where time comes from. Handed in everywhere, so that a test can hold it still. */
export type Clock = {
  /** Wall clock, milliseconds since 1970; somebody may set it. Only for what the wire or a row dates. */
  now(): number
  /** Milliseconds that only ever pass, from any start: for lifetimes and timeouts. */
  elapsed(): number
}

export const systemClock: Clock = { now: () => Date.now(), elapsed: () => performance.now() }
