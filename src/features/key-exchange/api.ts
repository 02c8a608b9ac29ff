export type { Keys, ProvenKey } from './keys.ts'
export type { HelloFacts } from './records.ts'
