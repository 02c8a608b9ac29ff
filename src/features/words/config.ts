import {
  databaseHost,
  flag,
  limit,
  listOf,
  oneOf,
  secret,
  section,
  table,
  text,
  whole,
} from '../../config/fields.ts'

export const limits = {
  words: limit(60, 600),
  wordTest: limit(60, 30),
}

export const tables = { wordHits: table('word_hits') }

export const words = {
  source: oneOf(['file', 'redis', 'sql'], 'Where the word lists are'),
  folder: text(
    'data/words',
    'With source file: the folder of deny.json, allow.json, exact.json, reserved.json',
  ),
  redis: section({
    url: secret("With source redis: redis:// or rediss:// of the lists' server; empty: the store's"),
    key: text('torii:words', 'Key of the deny list; the others are at {key}:allow and so on', {
      pattern: '^[^{}\\s]{1,100}$',
    }),
  }),
  database: section({
    sqliteFile: text(
      'data/words.sqlite',
      'With source sql: the embedded database, used while write is empty',
    ),
    write: listOf(databaseHost, "With source sql: MySQL or MariaDB hosts; a database of the lists' own"),
    tables: section({ words: table('words'), wordLists: table('word_lists') }),
  }),
  pollMs: whole(1_000, 100, 600_000, 'Time between two looks at whether a list has changed'),
  wildcard: text('&', 'Stands between the parts of a word', { pattern: '^[^\\s\\p{L}\\p{N}]$' }),
  maxGap: whole(5, 0, 64, 'Most characters between two parts of a word'),
  mask: text('*', 'Covers each character of a hit', { pattern: '^.$' }),
  ignored: text(
    '',
    'Characters that are left out before words are compared; empty: all punctuation and symbols',
  ),
  foldNumbers: flag(true, '①, ３, 叁 and 三 are the same as the digit'),
  foldMarks: flag(true, 'é is the same as e'),
  foldChinese: flag(false, 'Traditional characters are the same as the simplified ones'),
  cut: text('|', 'torii word import: what stands behind it on a line is a note; empty: there are no notes'),
  testPage: flag(false, 'Serve the old /tests/wordfilter.php; a trial serves it anyway'),
}
