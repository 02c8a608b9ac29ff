import type { moveCostPin } from './password-costs.ts'
import type { incrementSetting } from './repo.ts'

export type IncrementSetting = typeof incrementSetting

export type MoveCostPin = typeof moveCostPin
export type { Costs, PasswordCosts } from './password-costs.ts'
