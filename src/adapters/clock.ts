/** Where time comes from. Handed in everywhere, so that a test can hold it still. */
export type Clock = {
  /** Wall clock, milliseconds since 1970. Only for what the wire or a row dates. */
  now(): number
}

export const systemClock: Clock = { now: () => Date.now() }
