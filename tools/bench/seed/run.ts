/** `npm run bench -- --seed-large`: the same calls among few users and among many, one after the other in one run. */
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import type { Cores } from '../cores.ts'
import type { StreamResult } from '../load.ts'
import { startLoad } from '../processes.ts'
import type { Closing } from '../world.ts'
import { drawSeed, type SeedFigure, summariseSeed } from './report.ts'
import { seedRows, streamOf } from './rows.ts'
import { type SeededTorii, type SeedOptions, startSeeded } from './world.ts'

const here = dirname(fileURLToPath(import.meta.url))

export type SeedPlan = {
  seed: SeedOptions
  seconds: number
  rounds: number
  connections: number
  cores: Cores | undefined
  folder: string
  /** Throws when the run is to end. */
  checkRunning(): void
  say(line: string): void
}

const measureSides = async (plan: SeedPlan, sides: readonly SeededTorii[], closing: Closing) => {
  const { seconds, rounds, connections, cores, checkRunning, say } = plan
  const load = startLoad(join(here, '..', 'load.js'), cores?.load)
  closing.push(load.stop)
  const figures: SeedFigure[] = []
  for (let round = 1; round <= rounds; round++) {
    for (const row of seedRows) {
      // Neither side is always the one that runs first.
      for (const { name, torii, side } of round % 2 === 1 ? sides : sides.toReversed()) {
        checkRunning()
        const measureMs = seconds * 1_000
        const streams = [streamOf(row, side, connections)]
        const job = { port: torii.port, streams, warmMs: Math.min(measureMs, 1_000), measureMs }
        const [result] = (await load.run(job)).streams as [StreamResult]
        figures.push({ row, side: name, round, ...result })
        const { perSecond, p99Ms, failed, failures } = result
        const bad = failed > 0 ? `  ${failed} FAILED: ${failures[0]}` : ''
        say(
          `round ${round}  ${row.name} ${name}  ${Math.round(perSecond)}/s  p99 ${p99Ms.toFixed(2)} ms${bad}`,
        )
      }
    }
  }
  return figures
}

/** What goes into the file of results, after it was printed. */
export const runSeeded = async (plan: SeedPlan, closing: Closing) => {
  const started = performance.now()
  const sides = await startSeeded({ ...plan, options: plan.seed }, closing)
  const readySeconds = (performance.now() - started) / 1_000
  const lines = summariseSeed(await measureSides(plan, sides, closing))
  const loaded = Object.fromEntries(sides.map(({ name, loaded }) => [name, loaded]))
  console.log(drawSeed({ lines, loaded, seed: plan.seed, readySeconds }))
  return { at: new Date().toISOString(), seed: plan.seed, readySeconds, loaded, lines }
}
