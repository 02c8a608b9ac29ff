/** Processes of the run: on their core, watched, and gone when we are. */
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { closeSync, openSync, readFileSync } from 'node:fs'
import { connect } from 'node:net'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { guardGroup } from '../test/guard.ts'
import { onCore } from './cores.ts'
import type { Job, JobResult } from './load.ts'

export type Watched = {
  pid: number
  /** From its start to the first connection that it took. */
  startMs: number
  stop(): Promise<void>
}

const startDeadlineMs = 20_000
const stopDeadlineMs = 15_000

const isAlive = (child: ChildProcess) => child.exitCode === null && child.signalCode === null

const canConnect = (port: number) =>
  new Promise<boolean>((resolve) => {
    const socket = connect({ port, host: '127.0.0.1' }, () => {
      socket.destroy()
      resolve(true)
    })
    socket.on('error', () => resolve(false))
  })

const end = async (child: ChildProcess, release: () => void) => {
  if (isAlive(child)) {
    const gone = once(child, 'exit')
    const timer = setTimeout(() => child.kill('SIGKILL'), stopDeadlineMs)
    child.kill('SIGTERM')
    await gone
    clearTimeout(timer)
  }
  release()
}

/** Starts a server and waits until it takes connections. What it says goes nowhere, its errors into a file. */
export const startWatched = async (plan: {
  name: string
  command: readonly string[]
  environment: Record<string, string>
  core: number | undefined
  port: number
  folder: string
}): Promise<Watched> => {
  const errors = join(plan.folder, `${plan.name}.errors`)
  const output = openSync(errors, 'w')
  const [program = '', ...words] = onCore(plan.core, plan.command)
  const started = performance.now()
  const child = spawn(program, words, {
    detached: true,
    cwd: plan.folder,
    env: { PATH: process.env.PATH ?? '', ...plan.environment },
    stdio: ['ignore', 'ignore', output],
  })
  closeSync(output)
  const { pid } = child
  if (pid === undefined) throw new Error(`${program} cannot be started`)
  const release = guardGroup(pid)
  while (!(await canConnect(plan.port))) {
    if (isAlive(child) && performance.now() - started < startDeadlineMs) {
      await delay(3)
      continue
    }
    await end(child, release)
    throw new Error(`${plan.name} does not listen: ${readFileSync(errors, 'utf8').slice(-2_000)}`)
  }
  return { pid, startMs: performance.now() - started, stop: () => end(child, release) }
}

/** Memory in MB and seconds of CPU time that a process has used, where /proc tells. */
export const readUse = (pid: number): { rssMb: number; cpuSeconds: number } | undefined => {
  try {
    const status = readFileSync(`/proc/${pid}/status`, 'utf8')
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8')
    // Behind the name of the program, which may hold spaces: user and system time, in hundredths of a second.
    const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ')
    return {
      rssMb: Number(/VmRSS:\s*(\d+)/.exec(status)?.[1]) / 1_024,
      cpuSeconds: (Number(fields[11]) + Number(fields[12])) / 100,
    }
  } catch {
    return undefined
  }
}

export type Load = { run(job: Job): Promise<JobResult>; stop(): Promise<void> }

export const startLoad = (file: string, core: number | undefined): Load => {
  const [program = '', ...words] = onCore(core, [process.execPath, file])
  const child = spawn(program, words, { stdio: ['ignore', 'inherit', 'inherit', 'ipc'] })
  return {
    run: async (job) => {
      const decided = new AbortController()
      const { signal } = decided
      child.send(job)
      const result = await Promise.race([
        once(child, 'message', { signal }).then(([message]) => message),
        once(child, 'exit', { signal }).then(() => ({ error: 'the load generator ended' })),
      ]).finally(() => decided.abort())
      if ('error' in result) throw new Error(result.error)
      return result
    },
    stop: () => end(child, () => {}),
  }
}
