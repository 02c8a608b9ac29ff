/** How far a long command is: a bar on a terminal, a line now and then elsewhere. */
import cliProgress from 'cli-progress'

export type Progress = { at(done: number): void; end(): void }

/** On the standard error output, so that the answer stays alone on the other one. */
export const createProgress = (what: string, total: number, complain: (text: string) => void): Progress => {
  if (total === 0) return { at: () => {}, end: () => {} }
  if (!process.stderr.isTTY) {
    let told = 0
    return {
      at: (done) => {
        const quarter = Math.floor((4 * done) / total)
        if (quarter <= told) return
        told = quarter
        complain(`${what}: ${quarter * 25} %\n`)
      },
      end: () => {},
    }
  }
  const bar = new cliProgress.SingleBar(
    { format: `${what} [{bar}] {percentage} % {eta_formatted}`, hideCursor: true, clearOnComplete: true },
    cliProgress.Presets.shades_classic,
  )
  bar.start(total, 0)
  return { at: (done) => bar.update(done), end: () => bar.stop() }
}
