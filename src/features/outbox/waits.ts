/** How long until the next attempt. `chance` is between 0 and 1, so that many messages do not come at one moment. */

const spread = (ms: number, chance: number) => Math.round(ms * (0.75 + chance / 2))

const message = { shortestMs: 2_000, longestMs: 600_000 } as const
const channel = { shortestMs: 1_000, longestMs: 30_000 } as const

/** A quarter of its age: about twenty attempts in the first five minutes, then fewer and fewer. */
export const waitOfMessage = (ageMs: number, chance: number): number =>
  spread(Math.min(Math.max(ageMs / 4, message.shortestMs), message.longestMs), chance)

/** Doubles with each failure in a row. */
export const waitOfChannel = (failures: number, chance: number): number =>
  spread(Math.min(channel.shortestMs * 2 ** Math.min(failures - 1, 10), channel.longestMs), chance)
