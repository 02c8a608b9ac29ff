/** The picture: a script of twenty lines that reads the plain package every time must not read it. */
import { createRequire } from 'node:module'
import t from 'tap'
import { createDrawGlyphs } from '../../../src/adapters/captcha-glyphs.ts'
import { systemRandom } from '../../../src/adapters/random.ts'
import { drawPicture, drawText } from '../../../src/features/captcha/picture.ts'

const drawGlyphs = createDrawGlyphs()
const size = { width: 180, height: 60 }
const draw = (text: string, theme: 'light' | 'dark' = 'light') =>
  drawPicture(text, { random: systemRandom, drawGlyphs, size, theme })

type Glyph = { x: number; signature: string }

/** What stands in the picture from left to right: each contour, or each path, with the letters of its commands. */
const readGlyphs = (svg: string, divider: RegExp): Glyph[] =>
  [...svg.matchAll(/<path[^>]* d="([^"]+)"[^>]*>/g)]
    .filter(([tag]) => !tag.includes('stroke'))
    .flatMap(([, path = '']) => path.split(divider).filter((part) => part.startsWith('M')))
    .map((part) => {
      const xs = [...part.matchAll(/(-?\d+\.?\d*)[ ,-]/g)].map(([, x]) => Number(x))
      return { x: xs[0] ?? 0, signature: part.replace(/[^A-Za-z]/g, '') }
    })
    .sort((one, other) => one.x - other.x)

/** Learns which signature is which letter, and reads by it. */
const attack = (make: () => { text: string; svg: string }, divider: RegExp) => {
  const learned = new Map<string, string>()
  for (let sample = 0; sample < 400; sample++) {
    const { text, svg } = make()
    const glyphs = readGlyphs(svg, divider)
    for (const [at, { signature }] of glyphs.entries()) {
      learned.set(signature, text[Math.floor((at * text.length) / glyphs.length)] ?? '')
    }
  }
  let read = 0
  for (let sample = 0; sample < 500; sample++) {
    const { text, svg } = make()
    const glyphs = readGlyphs(svg, divider)
    if (glyphs.map(({ signature }) => learned.get(signature) ?? '?').join('') === text) read++
  }
  return read
}

t.test('the script reads the plain package, and not one in a hundred of ours', async (t) => {
  const plain = createRequire(import.meta.url)('svg-captcha') as (text: string, options: object) => string
  const text = () => drawText(systemRandom, 5)
  const makePlain = () => {
    const it = text()
    return { text: it, svg: plain(it, { noise: 0 }) }
  }
  const makeOurs = () => {
    const it = text()
    return { text: it, svg: draw(it) }
  }
  const readPlain = attack(makePlain, /$^/)
  t.ok(readPlain > 450, `the plain package: ${readPlain} of 500`)
  for (const [name, divider] of [
    ['paths', /$^/],
    ['contours', /(?=M)/],
  ] as const) {
    const readOurs = attack(makeOurs, divider)
    t.ok(readOurs < 5, `ours, by ${name}: ${readOurs} of 500`)
  }
})

t.test('all letters are in one path, of a sequence that is never the same', async (t) => {
  const signatures = new Set<string>()
  for (let at = 0; at < 100; at++) {
    const svg = draw('ACDEF', at % 2 === 0 ? 'light' : 'dark')
    t.equal(svg.match(/<path/g)?.length, 2)
    t.notMatch(svg, /NaN|undefined|ACDEF|<script|<text/)
    t.ok(svg.length < 30_000, `${svg.length} bytes`)
    signatures.add(svg.replace(/[^A-Za-z]/g, ''))
  }
  t.equal(signatures.size, 100)
})

t.test('texts come from our randomness, without letters that look like others', async (t) => {
  const texts = Array.from({ length: 2_000 }, () => drawText(systemRandom, 5))
  t.ok(texts.every((text) => /^[A-Z3-9]{5}$/.test(text) && !/[BILOSVZ0158]/.test(text)))
  t.ok(new Set(texts).size > 1_990)
})
