/** What one code point, or a letter with its marks, becomes before texts and words are compared. */

export type FoldingOptions = {
  /** Stands between the parts of a word; it is never dropped. */
  wildcard: string
  /** Characters that are dropped; empty: every punctuation mark and symbol. */
  ignored: string
  /** ①, ３, 叁 and 三 are the digit. */
  foldNumbers: boolean
  /** é is e, and marks that no letter is composed with are dropped. */
  foldMarks: boolean
  /** Traditional to simplified, a character at a time; undefined: they differ. */
  toSimplified?: ((text: string) => string) | undefined
}

/** The digits as Chinese and Japanese writes them: place → value. 参 is left out, since 参加 is no number. */
const hanDigits = [
  '零〇',
  '一壹壱弌幺',
  '二贰貳弐弍两兩',
  '三叁叄弎',
  '四肆',
  '五伍',
  '六陆陸',
  '七柒',
  '八捌',
  '九玖',
]

/** Digits in circles that NFKC does not know: `[first code point, its number, how many]`. */
const circledDigits = [
  [0x2776, 1, 10],
  [0x2780, 1, 10],
  [0x278a, 1, 10],
  [0x24eb, 11, 10],
  [0x24f5, 1, 10],
  [0x24ff, 0, 1],
  [0x1f10b, 0, 1],
  [0x1f10c, 0, 1],
] as const

const createDigits = () => {
  const digits = new Map<number, string>()
  for (const [value, letters] of hanDigits.entries()) {
    for (const letter of letters) digits.set(letter.codePointAt(0) ?? 0, String(value))
  }
  for (const [first, number, count] of circledDigits) {
    for (let at = 0; at < count; at++) digits.set(first + at, String(number + at))
  }
  return digits
}

/** Blocks of decimal digits are ten long, or several tens. */
const decimalValue = (letter: string): string => {
  let first = letter.codePointAt(0) ?? 0
  const own = first
  while (/\p{Nd}/u.test(String.fromCodePoint(first - 1))) first--
  return String((own - first) % 10)
}

const foldCase = (text: string) =>
  Array.from(text, (letter) => letter.toLowerCase().toUpperCase().toLowerCase()).join('')

/** Marks that any letter may carry. The two of Kana make another letter: か is not が. */
const freeMarks = /(?![\u3099\u309a])(?=[\p{Mn}\p{Me}])\p{Script=Inherited}/gu
const invisible = /\p{Default_Ignorable_Code_Point}|(?!\s)\p{Cc}|\p{Cs}/u
const cjk = /[\p{Script=Han}\p{Script=Hiragana}\p{Script=Katakana}\p{Script=Hangul}ー]/u
/** Marks, and the vowels and finals that Hangul is composed of. */
const joins = /^[\p{M}\u1160-\u11ff\ud7b0-\ud7ff]/u

export const isCjk = (letter: string) => cjk.test(letter)
export const isMark = (letter: string) => /^\p{M}/u.test(letter)
/** Whether the normal form of a letter depends on what stands before this one. */
export const joinsLetter = (letter: string) => joins.test(letter.normalize('NFKD'))

/** A function from a letter (with its marks) to what is compared. The result may be empty, or longer. */
export const createFoldPoint = (options: FoldingOptions) => {
  const { wildcard, ignored, foldNumbers, foldMarks, toSimplified = (text) => text } = options
  const digits = createDigits()
  const ignoredLetters = new Set(ignored.normalize('NFKC'))
  const isIgnored = ignored ? (letter: string) => ignoredLetters.has(letter) : isSymbol

  const foldLetter = (letter: string): string => {
    if (letter === wildcard) return letter
    if (/\s/u.test(letter)) return ' '
    if (invisible.test(letter)) return ''
    const digit = foldNumbers ? digits.get(letter.codePointAt(0) ?? 0) : undefined
    if (digit !== undefined) return digit
    if (isIgnored(letter)) return ''
    return foldNumbers && /\p{Nd}/u.test(letter) ? decimalValue(letter) : letter
  }

  return function foldPoint(text: string): string {
    let normal = foldCase(text.normalize('NFKC')).normalize('NFKC')
    if (foldMarks) normal = normal.normalize('NFD').replace(freeMarks, '').normalize('NFC')
    return Array.from(toSimplified(normal), foldLetter).join('')
  }
}

const isSymbol = (letter: string) => /[\p{P}\p{S}]/u.test(letter)
