/** Texts and words as they are compared, with the place in the original of every code point that is left. */
import { createFoldPoint, type FoldingOptions, isCjk, isMark, joinsLetter } from './fold-point.ts'
import { lookAhead } from './sieve.ts'

export type { FoldingOptions } from './fold-point.ts'

/** Code points with their places (UTF-16 units of the original, the end exclusive). Used again by the next `fold`. */
export type Folded = { points: Int32Array; starts: Int32Array; ends: Int32Array; count: number }

type Progress = Folded & {
  /** Where the blanks begin that may have to be written; -1: there are none. */
  blankAt: number
  /** What the table says of the last letter; of several code points the flag alone. */
  last: number
}

export type Folding = { fold(text: string): Folded }

/** What the table says of a code point; 0: not yet known. Above 0: the folded code point, with `cjkFlag`. */
const dropped = -1
/** Dropped, and the letter before it ends behind it. */
const droppedMark = -2
const blank = -3
/** Judged together with the letter before it. */
const joining = -4
/** From here on down: several code points, a row of `expansions`. */
const firstExpansion = -16
const cjkFlag = 0x200000
const pointMask = 0x1fffff
const space = 32
/** More marks on one letter are dropped: normalising takes time that grows with their square. */
const mostJoined = 16

/**
 * Each code point is folded once and remembered, so a text costs a look-up for each of its letters. The table is as
 * long as Unicode; the operating system gives it memory where it is used.
 */
export const createFolding = (options: FoldingOptions): Folding => {
  const foldPoint = createFoldPoint(options)
  const table = new Int32Array(0x110000)
  const expansions: { points: number[]; isCjk: boolean }[] = []
  const folded: Progress = {
    points: new Int32Array(256),
    starts: new Int32Array(256),
    ends: new Int32Array(256),
    count: 0,
    blankAt: -1,
    last: 0,
  }

  const encode = (result: string, flag: boolean): number => {
    const points = Array.from(result, (letter) => letter.codePointAt(0) ?? 0)
    const [first = 0] = points
    if (points.length === 0) return dropped
    if (result.trim() === '') return blank
    if (points.length === 1) return first | (flag ? cjkFlag : 0)
    expansions.push({ points, isCjk: flag })
    return firstExpansion - (expansions.length - 1)
  }

  const learn = (point: number): number => {
    const letter = String.fromCodePoint(point)
    const result = foldPoint(letter)
    let value = encode(result, isCjk(letter.normalize('NFKC')))
    if (value === dropped) value = isMark(letter) ? droppedMark : dropped
    else if (joinsLetter(letter)) value = joining
    table[point] = value
    return value
  }

  const grow = (least: number) => {
    if (folded.points.length >= least) return
    for (const name of ['points', 'starts', 'ends'] as const) {
      const larger = new Int32Array(least * 2)
      larger.set(folded[name])
      folded[name] = larger
    }
  }

  const put = (point: number, start: number, end: number) => {
    const at = folded.count++
    folded.points[at] = point
    folded.starts[at] = start
    folded.ends[at] = end
  }

  /** A letter follows: the blanks before it stay, unless it and the one before are written without blanks. */
  const settleBlank = (nowCjk: boolean, end: number) => {
    if (!(folded.last >= cjkFlag && nowCjk)) put(space, folded.blankAt, end)
    folded.blankAt = -1
  }

  const putExpansion = (
    row: { points: number[]; isCjk: boolean } | undefined,
    start: number,
    end: number,
  ) => {
    if (!row) return
    grow(folded.count + row.points.length + 1)
    if (folded.blankAt >= 0) settleBlank(row.isCjk, start)
    for (const point of row.points) {
      if (point !== space) put(point, start, end)
      else if (folded.count > 0) folded.blankAt = start
    }
    folded.last = row.isCjk ? cjkFlag : 0
  }

  /** The letter that begins at `start` once more, with all that joins it; returns where it ends. */
  const foldJoined = (text: string, start: number): number => {
    let letters = String.fromCodePoint(text.codePointAt(start) ?? 0)
    let at = start + letters.length
    let end = at
    let joined = 0
    while (at < text.length) {
      const point = text.codePointAt(at) ?? 0
      const value = table[point] || learn(point)
      if (value !== joining && value !== droppedMark && value !== dropped) break
      at += point > 0xffff ? 2 : 1
      if (value !== dropped) end = at
      if (value === joining && joined++ < mostJoined) letters += String.fromCodePoint(point)
    }
    const points = Array.from(foldPoint(letters), (letter) => letter.codePointAt(0) ?? 0)
    putExpansion({ points, isCjk: isCjk(letters.normalize('NFKC')) }, start, end)
    return end
  }

  /** What is no letter of its own, at `start`. Returns where the text goes on: here, when it was only not yet known. */
  const foldOther = (text: string, start: number): number => {
    const { count } = folded
    const point = text.codePointAt(start) ?? 0
    const value = table[point] || learn(point)
    const at = start + (point > 0xffff ? 2 : 1)
    if (value <= firstExpansion) putExpansion(expansions[firstExpansion - value], start, at)
    else if (value === droppedMark) {
      if (count > 0 && folded.ends[count - 1] === start) extendTo(folded, at)
    } else if (value === joining) {
      const before = folded.starts[count - 1]
      if (before === undefined || folded.blankAt >= 0) return foldJoined(text, start)
      while (folded.starts[folded.count - 1] === before) folded.count--
      return foldJoined(text, before)
    } else return start
    return at
  }

  const fold = (text: string): Folded => {
    const { length } = text
    folded.count = 0
    folded.blankAt = -1
    folded.last = 0
    let at = 0
    do {
      // An expansion may have made more room, and the rest of the text needs as much as it has units.
      grow(folded.count + length - at + lookAhead)
      at = foldPlain(table, folded, text, at)
      if (at < length) at = foldOther(text, at)
    } while (at < length)
    return folded
  }
  return { fold }
}

/**
 * Folds while each letter stands for itself; returns where it stopped. A function of the module that calls nothing: V8
 * compiles it once, with the constants in it.
 */
const foldPlain = (known: Int32Array, folded: Progress, text: string, from: number): number => {
  const { length } = text
  const { points, starts, ends } = folded
  let { count, blankAt, last } = folded
  let at = from
  while (at < length) {
    const start = at
    let point = text.charCodeAt(at++)
    if (point >= 0xd800 && point < 0xdc00) {
      point = text.codePointAt(start) as number
      if (point > 0xffff) at++
    }
    const value = known[point] as number
    if (value > 0) {
      if (blankAt >= 0) {
        if ((value & last & cjkFlag) === 0) {
          points[count] = space
          starts[count] = blankAt
          ends[count++] = start
        }
        blankAt = -1
      }
      points[count] = value & pointMask
      starts[count] = start
      ends[count++] = at
      last = value
    } else if (value === blank) {
      if (blankAt < 0 && count > 0) blankAt = start
    } else if (value !== dropped) {
      at = start
      break
    }
  }
  folded.count = count
  folded.blankAt = blankAt
  folded.last = last
  return at
}

/** All code points of the last letter end at `end`. */
const extendTo = ({ starts, ends, count }: Folded, end: number) => {
  const start = starts[count - 1]
  for (let at = count - 1; at >= 0 && starts[at] === start; at--) ends[at] = end
}
