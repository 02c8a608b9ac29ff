import type { raiseEpoch } from './repo.ts'
import type { AccountRow } from './tables.ts'

export type AccountStatus = AccountRow['status']
/** Ends what was issued to an account under its epoch so far. */
export type RaiseEpoch = typeof raiseEpoch
