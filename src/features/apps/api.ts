export type { Apps } from './apps.ts'
export type { AppChange } from './changes.ts'
export type { AppSummary } from './summary.ts'
