export type { Checked, Hit, ListName } from './filter.ts'
export type { WordWorld } from './options.ts'

/** A text as it may be kept. Throws WORD_FORBIDDEN with the member where it has to be refused. */
export type CheckText = (text: string, rule: 'refuse' | 'mask', member: string) => string
