/** How long until the next attempt. `chance` is between 0 and 1, so that many deliveries do not come at one moment. */

const longestMs = 600_000
const spread = (ms: number, chance: number) => Math.round(ms * (0.75 + chance / 2))

/** Of the deliveries of a user: a quarter of the age of the one that failed. */
export const waitOfUser = (ageMs: number, chance: number): number =>
  spread(Math.min(Math.max(ageMs / 4, 5_000), longestMs), chance)

/** Of a whole webhook: doubles with each rest in a row. */
export const restOf = (rests: number, chance: number): number =>
  spread(Math.min(1_000 * 2 ** Math.min(rests - 1, 20), longestMs), chance)
