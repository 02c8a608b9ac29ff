/** Values that the database remembers for good: pinned settings, and counters. */
import { type AdminWorld, feature } from '../feature.ts'
import { moveCostPin, readCosts } from './password-costs.ts'
import { incrementSetting } from './repo.ts'

export { checkKeyRings } from './key-rings.ts'
export { openPasswordCosts } from './password-costs.ts'
export { checkPins, checkWrites } from './settings.ts'

export const settings = feature({
  create: ({ db, config }: AdminWorld) => ({
    api: {
      increment: incrementSetting,
      moveCostPin,
      /** Of the database, under this configuration. */
      readCosts: () => readCosts(db, config.password),
    },
  }),
})
