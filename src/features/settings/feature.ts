/** Values that the database remembers for good: pinned settings, and counters. */
import { type AdminWorld, feature } from '../feature.ts'
import { incrementSetting } from './repo.ts'

export { checkKeyRings } from './key-rings.ts'
export { checkPins, checkWrites } from './settings.ts'

export const settings = feature({
  create: (_world: AdminWorld) => ({ api: { increment: incrementSetting } }),
})
