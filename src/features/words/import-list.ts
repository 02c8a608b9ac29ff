/** Reads a list that people keep: a word on each line. */
import type { ReadWord, Refusal } from './read-word.ts'

export type Encoding = 'UTF-8' | 'UTF-16' | 'GB18030'

/** By its byte order mark, else UTF-8 if it is that, else GB18030, in which nearly all bytes are something. */
export const decodeList = (bytes: Uint8Array): { text: string; encoding: Encoding } => {
  const [first, second] = bytes
  const marks = [
    ['utf-16le', first === 0xff && second === 0xfe],
    ['utf-16be', first === 0xfe && second === 0xff],
  ] as const
  for (const [name, isIt] of marks) {
    if (isIt) return { text: decode(name, bytes), encoding: 'UTF-16' }
  }
  try {
    return { text: decode('utf-8', bytes), encoding: 'UTF-8' }
  } catch {}
  return { text: decode('gb18030', bytes), encoding: 'GB18030' }
}

const decode = (encoding: string, bytes: Uint8Array) => {
  try {
    return new TextDecoder(encoding, { fatal: true }).decode(bytes)
  } catch (error) {
    throw new Error('the list is neither UTF-8, UTF-16 with a byte order mark nor GB18030', { cause: error })
  }
}

export type Skipped = { line: number; word: string; reason: Refusal | 'doubled' }

export type ImportSummary = {
  read: number
  kept: number
  doubled: number
  empty: number
  tooLong: number
  single: number
}

export type ImportedList = { words: string[]; summary: ImportSummary }

export type ImportOptions = {
  readWord: ReadWord
  /** What stands behind it on a line is a note; empty: lines are whole. */
  cut: string
  /** Words of the list that stay before those that are read. */
  existing?: readonly unknown[]
  tellSkipped?(skipped: Skipped): void
}

const columnOf = {
  doubled: 'doubled',
  empty: 'empty',
  'not a text': 'empty',
  'too long': 'tooLong',
  single: 'single',
} as const satisfies Record<Skipped['reason'], keyof ImportSummary>

/** Units of a skipped word that are shown. */
const shown = 64
const slice = 4_096

/** Yields how far it is in the text, again and again. */
export function* readList(text: string, options: ImportOptions): Generator<number, ImportedList> {
  const { readWord, cut, existing = [], tellSkipped = () => {} } = options
  const summary: ImportSummary = { read: 0, kept: 0, doubled: 0, empty: 0, tooLong: 0, single: 0 }
  const words: string[] = []
  const keys = new Set<string>()
  for (const raw of existing) {
    const word = readWord(raw)
    if ('refusal' in word || keys.has(word.key)) continue
    keys.add(word.key)
    words.push(word.text)
  }
  const skip = (word: string, reason: Skipped['reason']) => {
    summary[columnOf[reason]]++
    tellSkipped({ line: summary.read, word: word.slice(0, shown), reason })
  }
  for (const [line, end] of linesOf(text)) {
    if (summary.read++ % slice === slice - 1) yield end
    const at = cut === '' ? -1 : line.indexOf(cut)
    const raw = at < 0 ? line : line.slice(0, at)
    const word = readWord(raw)
    if ('refusal' in word) skip(raw, word.refusal)
    else if (keys.has(word.key)) skip(raw, 'doubled')
    else {
      keys.add(word.key)
      words.push(word.text)
      summary.kept++
    }
  }
  return { words, summary }
}

/** Each line with where it ends. Lines end in LF, CRLF or CR. */
function* linesOf(text: string): Generator<[line: string, end: number]> {
  const breaks = /\r\n|\n|\r/g
  for (let start = 0; start < text.length; ) {
    breaks.lastIndex = start
    const found = breaks.exec(text)
    const end = found?.index ?? text.length
    yield [text.slice(start, end), end]
    start = end + (found?.[0].length ?? 0)
  }
}
