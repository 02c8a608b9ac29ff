import type { incrementSetting } from './repo.ts'

export type IncrementSetting = typeof incrementSetting
