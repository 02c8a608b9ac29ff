import { type ChildProcess, spawn } from 'node:child_process'
import { randomInt } from 'node:crypto'
import { once } from 'node:events'
import { closeSync, openSync, readFileSync } from 'node:fs'
import { createServer } from 'node:net'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { guardGroup } from './guard.ts'

/** A program under control of the harness. It listens on loopback only. */
export type Server = {
  host: string
  port: number
  /** Of the running process; another one after `restart`. */
  readonly pid: number
  /** Where its data are. */
  folder: string
  /** Ends it (also when it is stopped by SIGSTOP) and returns when it is gone. */
  stop(): Promise<void>
  /** Sends a signal. After SIGKILL it returns when the process is gone. */
  kill(signal: NodeJS.Signals): Promise<void>
  /** Stops it if it runs, starts it again on the same port and data, returns when it answers. */
  restart(): Promise<void>
}

export type ServerPlan = {
  folder: string
  command: string
  arguments: (port: number) => string[]
  port?: number | undefined
  /** Resolves when this very process answers, else throws. */
  ask: (port: number, pid: number) => Promise<void>
}

const readyDeadlineMs = 30_000
const stopDeadlineMs = 10_000
const portTaken = /address already in use|Can't start server: Bind on|Could not create server TCP/i

/** Calls `ask` until it resolves. After the deadline throws what it threw last. */
export async function isReady(ask: () => Promise<void>, deadlineMs = readyDeadlineMs): Promise<void> {
  const end = Date.now() + deadlineMs
  for (;;) {
    try {
      return await ask()
    } catch (error) {
      if (Date.now() > end) throw error
    }
    await delay(20)
  }
}

/** A free port on loopback, below those of outgoing connections: a restarted server finds it free again. */
export async function findFreePort(): Promise<number> {
  for (;;) {
    const port = randomInt(15_000, 32_000)
    const probe = createServer()
    const free = await new Promise<boolean>((resolve) => {
      probe.once('error', () => resolve(false))
      probe.listen({ port, host: '127.0.0.1', exclusive: true }, () => resolve(true))
    })
    if (!free) continue
    probe.close()
    await once(probe, 'close')
    return port
  }
}

export async function startServer(plan: ServerPlan): Promise<Server> {
  let running: Running | undefined
  let port = plan.port ?? (await findFreePort())
  for (let left = 5; running === undefined; left--) {
    try {
      running = await launch(plan, port)
    } catch (error) {
      // Another process took the port between our look and the start.
      if (plan.port !== undefined || left === 0 || !portTaken.test(String(error))) throw error
      port = await findFreePort()
    }
  }
  let current = running
  return {
    host: '127.0.0.1',
    port,
    folder: plan.folder,
    get pid() {
      return current.pid
    },
    stop: () => end(current, 'SIGTERM'),
    async kill(signal) {
      if (signal === 'SIGKILL') await end(current, signal)
      else current.child.kill(signal)
    },
    async restart() {
      await end(current, 'SIGTERM')
      current = await launch(plan, port)
    },
  }
}

type Running = { child: ChildProcess; pid: number; gone: Promise<unknown>; release: () => void }

async function launch(plan: ServerPlan, port: number): Promise<Running> {
  const log = join(plan.folder, 'log')
  const output = openSync(log, 'w')
  // Its own process group: Ctrl-C at the terminal must reach the run, which then stops its servers in order.
  const child = spawn(plan.command, plan.arguments(port), {
    cwd: plan.folder,
    detached: true,
    stdio: ['ignore', output, output],
  })
  closeSync(output)
  const gone = once(child, 'exit').catch(() => undefined)
  if (child.pid === undefined) {
    await gone
    throw new Error(`${plan.command} can't be started`)
  }
  const running = { child, pid: child.pid, gone, release: guardGroup(child.pid) }
  try {
    await isReady(async () => {
      if (!isAlive(child)) return
      await plan.ask(port, running.pid)
    })
    if (!isAlive(child)) throw new Error('it ended by itself')
  } catch (error) {
    await end(running, 'SIGKILL')
    const said = readFileSync(log, 'utf8').slice(-2_000)
    throw new Error(`${plan.command} on port ${port} does not get ready: ${said}`, { cause: error })
  }
  // Who forgets a server must still be able to end; the guard then ends the server.
  child.unref()
  return running
}

const isAlive = (child: ChildProcess) => child.exitCode === null && child.signalCode === null

async function end({ child, gone, release }: Running, signal: 'SIGTERM' | 'SIGKILL'): Promise<void> {
  if (isAlive(child)) {
    child.ref()
    child.kill(signal)
    child.kill('SIGCONT')
    const timer = setTimeout(() => child.kill('SIGKILL'), stopDeadlineMs)
    await gone
    clearTimeout(timer)
  }
  release()
}
