export type { AppSummary, Apps } from './apps.ts'
