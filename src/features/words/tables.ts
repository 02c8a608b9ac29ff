declare module '../../adapters/db/tables.ts' {
  interface Tables {
    wordHits: WordHitsRow
    /** These two are in the words' own database. */
    words: WordRow
    wordLists: WordListRow
  }
}

/** Hits of one hour, counted from 1970. */
export type WordHitsRow = { hour: number; list: string; hits: number }

/** Words of a list, in several versions while one is being written. */
export type WordRow = { list: string; version: number; position: number; word: string }

/** Which version of a list counts. */
export type WordListRow = { list: string; version: number; words: number; updatedAt: number }
