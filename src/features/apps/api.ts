export type { Apps } from './apps.ts'
export type { AppSummary } from './summary.ts'
