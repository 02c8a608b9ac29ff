import type { Clock } from './clock.ts'
import type { Logger } from './logger.ts'

export type Job = { everyMs: number; name: string; work(): Promise<unknown> }

/** A dependency that is away for a moment mends itself; a job that has failed for so long needs a look. */
const longMs = 300_000

type Failing = { since: number; message: string }

/** Runs jobs again and again, each after its last run has ended; a failure is logged and does not end them. */
export const createJobs = ({ logger, clock }: { logger: Pick<Logger, 'warn'>; clock: Clock }) => {
  let isStopped = false
  const timers = new Set<NodeJS.Timeout>()
  const failing = new Map<string, Failing>()

  const run = async ({ name, work }: Job) => {
    try {
      await work()
      failing.delete(name)
    } catch (error) {
      logger.warn({ err: error, job: name }, 'background job failed')
      const { since } = failing.get(name) ?? { since: clock.elapsed() }
      failing.set(name, { since, message: (error as Error).message })
    }
  }

  const schedule = (job: Job) => {
    const timer = setTimeout(async () => {
      timers.delete(timer)
      await run(job)
      if (!isStopped) schedule(job)
    }, job.everyMs).unref()
    timers.add(timer)
  }

  return {
    start: (jobs: readonly Job[]) => {
      for (const job of jobs) schedule(job)
    },
    stop: () => {
      isStopped = true
      for (const timer of timers) clearTimeout(timer)
    },
    /** Which jobs have failed for long, and with what; empty: none. */
    problem: (): string =>
      [...failing]
        .filter(([, { since }]) => clock.elapsed() - since >= longMs)
        .map(
          ([name, { since, message }]) =>
            `"${name}" has failed for ${Math.floor((clock.elapsed() - since) / 60_000)} minutes: ${message}`,
        )
        .join('; '),
  }
}
