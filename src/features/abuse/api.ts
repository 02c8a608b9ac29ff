import type { createLimits } from './limits.ts'

/** The networks around an address, each with the time that it has to wait for a limit of its own; 0 counts one more. */
export type PassEach = ReturnType<typeof createLimits>['passEach']
