/** Draws letters: each as the path of one glyph, in absolute commands of SVG. */
import { createRequire } from 'node:module'

export type DrawGlyphs = (text: string, size: { width: number; height: number }) => string[]

type SvgCaptcha = (text: string, options: Record<string, unknown>) => string

/** The font takes a tenth of a second: loaded after the start, or with the first picture. A failed load is tried again. */
export const createDrawGlyphs = (): DrawGlyphs => {
  let draw: SvgCaptcha | undefined
  return (text, { width, height }) => {
    draw ??= createRequire(import.meta.url)('svg-captcha') as SvgCaptcha
    const svg = draw(text, { width, height, fontSize: Math.round(height * 0.95), noise: 0 })
    return [...svg.matchAll(/ d="([^"]+)"/g)].map(([, path = '']) => path)
  }
}
