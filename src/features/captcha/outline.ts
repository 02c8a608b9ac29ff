/** Outlines of letters as closed contours of cubic curves, and what is done to them so that no glyph keeps its form. */
import type { Dice } from './dice.ts'

export type Point = readonly [x: number, y: number]
/** Two control points and the end; the beginning is the end of the curve before. */
export type Curve = readonly [Point, Point, Point]
export type Contour = { start: Point; curves: readonly Curve[] }

const mix = ([ax, ay]: Point, [bx, by]: Point, t: number): Point => [ax + (bx - ax) * t, ay + (by - ay) * t]

/** Reads a path of absolute M, L, Q, C and Z. */
export const readPath = (path: string, dice: Dice): Contour[] => {
  const contours: { start: Point; curves: Curve[] }[] = []
  let numbers: number[] = []
  let from: Point = [0, 0]
  const point = (at: number): Point => [numbers[at] ?? 0, numbers[at + 1] ?? 0]
  // The control points of a line may lie anywhere on it.
  const line = (to: Point): Curve => [
    mix(from, to, dice.between(0.1, 0.5)),
    mix(from, to, dice.between(0.5, 0.9)),
    to,
  ]
  const curveOf: Record<string, () => Curve> = {
    L: () => line(point(0)),
    Q: () => [mix(from, point(0), 2 / 3), mix(point(2), point(0), 2 / 3), point(2)],
    C: () => [point(0), point(2), point(4)],
  }
  for (const [, command = '', rest = ''] of path.matchAll(/([MLQCZ])([^MLQCZ]*)/g)) {
    numbers = (rest.match(/-?\d*\.?\d+/g) ?? []).map(Number)
    if (command === 'M') contours.push({ start: point(0), curves: [] })
    const contour = contours.at(-1)
    const curve = command === 'Z' && contour ? line(contour.start) : curveOf[command]?.()
    if (curve) contour?.curves.push(curve)
    from = curve?.[2] ?? point(0)
  }
  return contours.filter(({ curves }) => curves.length > 0)
}

export const mapContour = ({ start, curves }: Contour, move: (point: Point) => Point): Contour => ({
  start: move(start),
  curves: curves.map(([first, second, end]) => [move(first), move(second), move(end)]),
})

/** The same line in two curves. */
const cutCurve = (from: Point, [first, second, end]: Curve, t: number): [Curve, Curve] => {
  const a = mix(from, first, t)
  const b = mix(first, second, t)
  const c = mix(second, end, t)
  const d = mix(a, b, t)
  const e = mix(b, c, t)
  return [
    [a, d, mix(d, e, t)],
    [e, c, end],
  ]
}

/** Each curve is cut once or not at all. */
const cuts = 2

/** The same contour in other curves: cut at random places, beginning at a random one. */
export const disguise = ({ start, curves }: Contour, dice: Dice): Contour => {
  const pieces: { from: Point; curve: Curve }[] = []
  let from = start
  for (const curve of curves) {
    const parts = dice.below(cuts) === 0 ? [curve] : cutCurve(from, curve, dice.between(0.2, 0.8))
    for (const part of parts) {
      pieces.push({ from, curve: part })
      from = part[2]
    }
  }
  const first = dice.below(pieces.length)
  const turned = [...pieces.slice(first), ...pieces.slice(0, first)]
  return { start: turned[0]?.from ?? start, curves: turned.map(({ curve }) => curve) }
}

const tenths = (number: number) => Math.round(number * 10)

/** Relative to the last end, in tenths that do not add up their errors. */
export const writeContour = ({ start, curves }: Contour): string => {
  let [x, y] = start.map(tenths) as [number, number]
  const write = (points: readonly Point[]) =>
    points.map(([px, py]) => `${(tenths(px) - x) / 10} ${(tenths(py) - y) / 10}`).join(' ')
  let path = `M${x / 10} ${y / 10}`
  for (const curve of curves) {
    path += `c${write(curve)}`
    ;[x, y] = curve[2].map(tenths) as [number, number]
  }
  return `${path}z`
}
