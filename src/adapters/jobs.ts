import type { Logger } from './logger.ts'

export type Job = { everyMs: number; name: string; work(): Promise<unknown> }

/** Runs jobs again and again, each after its last run has ended; a failure is logged and does not end them. */
export const startJobs = (jobs: readonly Job[], logger: Logger) => {
  let isStopped = false
  const timers = new Set<NodeJS.Timeout>()
  const run = async ({ name, work }: Job) => {
    await work().catch((error) => logger.warn({ err: error, job: name }, 'background job failed'))
  }
  const schedule = (job: Job) => {
    const timer = setTimeout(async () => {
      timers.delete(timer)
      await run(job)
      if (!isStopped) schedule(job)
    }, job.everyMs).unref()
    timers.add(timer)
  }
  for (const job of jobs) schedule(job)
  return () => {
    isStopped = true
    for (const timer of timers) clearTimeout(timer)
  }
}
