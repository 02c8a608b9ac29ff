/**
 * What the machine adds to every figure, while it is measured: an unrelated process that needs as much of a core
 * for each call, and the timers of this one.
 */
import { spawn } from 'node:child_process'
import { Agent, get } from 'node:http'
import { createInterface } from 'node:readline'
import type { Entry } from './history.ts'
import { quantile } from './machine.ts'

const workMs = 10
const pauseMs = 100
const tickMs = 10
/** A call to a server goes through more hands than one to this: client, server, database or store, and back. */
const hands = 3
/** Less is to be had on any machine. */
const nothingMs = 20

/** Works by the time that it has of a core, not by the clock. */
const script = `require('http').createServer((_, reply) => {
  const spent = () => { const { user, system } = process.cpuUsage(); return (user + system) / 1000 }
  for (const end = spent() + ${workMs}; spent() < end;);
  reply.end()
}).listen(0, '127.0.0.1', function () { console.log(this.address().port) })`

type Span = { from: number; to: number }
const overlap = (one: Span, other: Span) => Math.min(one.to, other.to) - Math.max(one.from, other.from)
const spanOf = ({ time, tookMs }: Pick<Entry, 'time' | 'tookMs'>): Span => ({ from: time, to: time + tookMs })

/** Watches from now on until the test is over. */
export const watchMachine = async (t: { teardown(end: () => unknown): void }) => {
  const child = spawn(process.execPath, ['--eval', script], { stdio: ['ignore', 'pipe', 'inherit'] })
  const exited = new Promise((resolve) => child.once('exit', resolve))
  let isOver = false
  const agent = new Agent({ keepAlive: true })
  t.teardown(async () => {
    isOver = true
    clearInterval(ticks)
    agent.destroy()
    child.kill()
    await exited
  })
  const port = await new Promise<number>((resolve) =>
    createInterface({ input: child.stdout }).once('line', (line) => resolve(Number(line))),
  )

  const late: Span[] = []
  let due = Date.now() + tickMs
  const ticks = setInterval(() => {
    const now = Date.now()
    if (now > due + 1) late.push({ from: due, to: now })
    due = now + tickMs
  }, tickMs)

  const calls: Span[] = []
  const call = () =>
    new Promise<void>((resolve, reject) => {
      const from = Date.now()
      const end = () => {
        calls.push({ from, to: Date.now() })
        resolve()
      }
      get({ host: '127.0.0.1', port, agent }, (reply) => reply.resume().on('end', end)).on('error', reject)
    })
  const watch = async () => {
    while (!isOver) {
      await call()
      await new Promise((resolve) => setTimeout(resolve, pauseMs))
    }
  }
  await call()
  watch().catch((error) => {
    if (!isOver) throw error
  })

  const during = (span: Span) => calls.filter((one) => overlap(one, span) >= 0)
  return {
    /** How much longer than elsewhere a call may have taken, at its very time, for no fault of the server. */
    excuseMs: (entry: Pick<Entry, 'time' | 'tookMs'>): number => {
      const span = spanOf(entry)
      const lateMs = late.reduce((sum, one) => sum + Math.max(0, overlap(one, span)), 0)
      const longest = Math.max(0, ...during(span).map(({ from, to }) => to - from - workMs))
      const ms = lateMs + hands * longest
      return ms < nothingMs ? 0 : ms
    },
    /** How many times as long as with a core of its own half of all took; 1 at least. */
    slowness: (from: number, to: number): number => {
      const times = during({ from, to }).map((one) => one.to - one.from)
      // Three milliseconds are the way there and back.
      return Math.max(1, quantile(times, 0.5) / (workMs + 3))
    },
  }
}

export type Machine = Awaited<ReturnType<typeof watchMachine>>
