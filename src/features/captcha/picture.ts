/**
 * The picture. A drawn glyph is a path of its own with a sequence of commands of its own: twenty lines read that. So all
 * glyphs become contours of one path, bent, cut at random places and shuffled. This stops no program that looks at the
 * picture as a person does: limits and proof of work carry the weight.
 */
import type { DrawGlyphs } from '../../adapters/captcha-glyphs.ts'
import type { Random } from '../../adapters/random.ts'
import { createDice, type Dice } from './dice.ts'
import { type Contour, disguise, mapContour, type Point, readPath, writeContour } from './outline.ts'

export type Theme = 'light' | 'dark'
export type PictureSize = { width: number; height: number }

/** Without those that look like others: 0O, 1IL, 2Z, 5S, 8B, UV. */
const alphabet = 'ACDEFGHJKMNPQRTUWXY34679'
const colors = { light: ['#3a3f4b', '#6b7280'], dark: ['#d7dbe3', '#9aa3b2'] } as const
const mostTurn = 0.28

export const drawText = (random: Random, length: number): string => {
  const dice = createDice(random)
  return Array.from({ length }, () => alphabet[dice.below(alphabet.length)]).join('')
}

const centreOf = (contours: readonly Contour[]): Point => {
  const points = contours.map(({ start }) => start)
  const middle = (at: 0 | 1) => points.reduce((sum, point) => sum + point[at], 0) / points.length
  return [middle(0), middle(1)]
}

/** Turns, stretches and shifts one letter. */
const jolt = (contours: readonly Contour[], dice: Dice, height: number): Contour[] => {
  const [x0, y0] = centreOf(contours)
  const turn = dice.between(-mostTurn, mostTurn)
  const [cos, sin] = [Math.cos(turn), Math.sin(turn)]
  const [wide, high] = [dice.between(0.85, 1.15), dice.between(0.85, 1.1)]
  const shift = dice.between(-height / 12, height / 12)
  const move = ([x, y]: Point): Point => {
    const [dx, dy] = [(x - x0) * wide, (y - y0) * high]
    return [x0 + dx * cos - dy * sin, y0 + dx * sin + dy * cos + shift]
  }
  return contours.map((contour) => mapContour(contour, move))
}

/** Bends the whole picture in two waves. */
const createBend = (dice: Dice, { width, height }: PictureSize) => {
  const wave = (length: number, most: number) => {
    const [reach, pace, phase] = [
      dice.between(most / 2, most),
      dice.between(4, 9) / length,
      dice.between(0, 6.3),
    ]
    return (at: number) => reach * Math.sin(at * pace + phase)
  }
  const [across, along] = [wave(height, height / 20), wave(width, height / 15)]
  return ([x, y]: Point): Point => [x + across(y), y + along(x)]
}

/** A small closed spot that is no letter. */
const spot = (dice: Dice, { width, height }: PictureSize): Contour => {
  const [x, y, size] = [dice.between(0, width), dice.between(0, height), dice.between(1, height / 25)]
  const near = (): Point => [x + dice.between(-size, size), y + dice.between(-size, size)]
  return { start: [x, y], curves: Array.from({ length: 3 }, () => [near(), near(), near()] as const) }
}

const spots = 6
const scratches = 2

const scratch = (dice: Dice, { width, height }: PictureSize): string => {
  const at = (x: number) => `${x.toFixed(1)} ${dice.between(0, height).toFixed(1)}`
  return `M${at(0)}C${at(width / 3)} ${at((2 * width) / 3)} ${at(width)}`
}

/** An SVG of at most some 20 KB. */
export const drawPicture = (
  text: string,
  {
    random,
    drawGlyphs,
    size,
    theme,
  }: { random: Random; drawGlyphs: DrawGlyphs; size: PictureSize; theme: Theme },
): string => {
  const dice = createDice(random)
  const { width, height } = size
  const bend = createBend(dice, size)
  const letters = drawGlyphs(text, size).flatMap((path) => jolt(readPath(path, dice), dice, height))
  const all = [...letters, ...Array.from({ length: spots }, () => spot(dice, size))]
  const path = dice
    .shuffle(all)
    .map((contour) => writeContour(disguise(mapContour(contour, bend), dice)))
    .join('')
  const [ink, line] = colors[theme]
  const lines = Array.from({ length: scratches }, () => scratch(dice, size)).join('')
  return (
    `<svg xmlns="http://www.w3.org/2000/svg" width="${width}" height="${height}" viewBox="0 0 ${width} ${height}">` +
    `<path d="${lines}" stroke="${line}" stroke-width="1.5" fill="none"/><path d="${path}" fill="${ink}"/></svg>`
  )
}
