/** The figures of few users beside those of many. */
import type { StreamResult } from '../load.ts'
import { medianOf } from '../measure.ts'
import type { LoadedTable } from './load.ts'
import type { SeedRow } from './rows.ts'
import type { SeedOptions } from './world.ts'

export type SeedFigure = StreamResult & { row: SeedRow; side: 'few' | 'many'; round: number }

const median = (values: readonly number[]) => medianOf(values) ?? 0

/** Medians of the rounds; a ratio is the median of the ratios of each round, whose two sides ran one after the other. */
export const summariseSeed = (figures: readonly SeedFigure[]) =>
  [...new Set(figures.map(({ row }) => row))].map((row) => {
    const [few, many] = (['few', 'many'] as const).map((side) =>
      figures.filter((figure) => figure.row === row && figure.side === side),
    ) as [SeedFigure[], SeedFigure[]]
    const of = (runs: readonly SeedFigure[], figure: 'perSecond' | 'p50Ms' | 'p99Ms') =>
      median(runs.map((run) => run[figure]))
    const ratio = (figure: 'perSecond' | 'p99Ms') =>
      median(
        many.map(
          (run) => run[figure] / (few.find(({ round }) => round === run.round)?.[figure] ?? Number.NaN),
        ),
      )
    const sides = [few, many].map((runs) => ({
      perSecond: of(runs, 'perSecond'),
      p50Ms: of(runs, 'p50Ms'),
      p99Ms: of(runs, 'p99Ms'),
    }))
    const { name, title, target } = row
    const all = [...few, ...many]
    return {
      name,
      title,
      target,
      few: sides[0],
      many: sides[1],
      perSecondRatio: ratio('perSecond'),
      p99Ratio: ratio('p99Ms'),
      failed: all.reduce((sum, { failed }) => sum + failed, 0),
      failures: [...new Set(all.flatMap(({ failures }) => failures))].slice(0, 3),
    }
  })

type SeedLine = ReturnType<typeof summariseSeed>[number]

const drawLine = (line: SeedLine): string => {
  const side = ({ perSecond, p99Ms }: { perSecond: number; p99Ms: number }) =>
    `${Math.round(perSecond).toLocaleString('en').padStart(7)}/s  p99 ${p99Ms.toFixed(2).padStart(7)} ms`
  const ratios = `p99 ${line.p99Ratio.toFixed(2)} ×  rate ${line.perSecondRatio.toFixed(2)} ×  (${line.target})`
  return `${line.title.padEnd(34)} few ${line.few && side(line.few)}   many ${line.many && side(line.many)}   ${ratios}`
}

export const drawSeed = (result: {
  lines: readonly SeedLine[]
  loaded: Record<string, LoadedTable[]>
  seed: SeedOptions
  readySeconds: number
}): string => {
  const { lines, loaded, seed, readySeconds } = result
  const many = loaded.many ?? []
  const bytes = many.reduce((sum, one) => sum + one.bytes, 0)
  return [
    ...lines.map(drawLine),
    '',
    ...many.map(
      ({ table, rows, seconds, bytes }) =>
        `${table.padEnd(16)} ${rows.toLocaleString('en').padStart(11)} rows  ${seconds.toFixed(0).padStart(4)} s  ` +
        `${(bytes / 1e6).toFixed(0).padStart(6)} MB  ${Math.round(bytes / Math.max(1, rows))} bytes a row`,
    ),
    `${seed.users.toLocaleString('en')} users, ${(bytes / 1e9).toFixed(1)} GB on the disk, ready after ${readySeconds.toFixed(0)} s; ` +
      `${seed.poolMb} MB of innodb_buffer_pool_size.`,
    ...lines
      .filter(({ failed }) => failed > 0)
      .map(({ name, failures }) => `FAILED ${name}: ${failures.join(' | ')}`),
  ].join('\n')
}
