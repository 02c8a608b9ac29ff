/** Makes load, as a process of its own: what it spends is missing neither to the test nor in the figures. */
import { setTimeout as delay } from 'node:timers/promises'
import { openHttpSocket } from '../../tools/bench/http-socket.ts'
import { watchLateness } from './machine.ts'

export type Job = {
  port: number
  ms: number
  /** Opened and used before the first of them, as by clients that were served before. More are opened when none is free. */
  connections: number
  /** Whole requests, sent in turn. */
  requests: readonly string[]
  /** Each loop sends when its reply has come; a rate sends so many a second, whether or not any has. */
  pace: { loops: number } | { perSecond: number }
}
/** The code of a reply (0: the connection ended without one), and how long it took. */
export type Sample = [code: number, ms: number]
export type Result = {
  samples: Sample[]
  /** How late this process was itself, with 99 % of its timers. */
  lateMs: number
  /** How many connections there were in the end. */
  connections: number
}

const patienceMs = 20_000
const tickMs = 2
const batch = 50
/** As many clients: all of 127.0.0.0/8 is this machine, on Linux. */
const addresses = process.platform === 'linux' ? 200 : 1

const codeOf = (body: Buffer) => Number(/^\{"code":(\d+)/.exec(body.toString('latin1', 0, 30))?.[1] ?? 0)

type Connection = { send(request: Buffer, done: (code: number) => void): void; close(): void }

const warming = Buffer.from('GET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n')

const openConnection = (port: number, place: number, onEnd: (connection: Connection) => void): Connection => {
  let early: Buffer | undefined
  let isOpen = false
  let waiting: ((code: number) => void) | undefined
  const answer = (code: number) => {
    const done = waiting
    waiting = undefined
    done?.(code)
  }
  const socket = openHttpSocket({
    port,
    localAddress: addresses > 1 ? `127.0.1.${1 + (place % addresses)}` : undefined,
    onOpen: () => {
      isOpen = true
      if (early) socket.send(early)
    },
    onReply: (_status, body) => answer(codeOf(body)),
    onLost: () => {
      onEnd(connection)
      answer(0)
    },
  })
  const connection: Connection = {
    send: (request, done) => {
      waiting = done
      if (isOpen) socket.send(request)
      else early = request
    },
    close: socket.close,
  }
  return connection
}

const createClient = async (port: number, connections: number) => {
  const idle: Connection[] = []
  const all = new Set<Connection>()
  let opened = 0
  const open = () => {
    const connection = openConnection(port, opened++, (lost) => {
      all.delete(lost)
      const place = idle.indexOf(lost)
      if (place >= 0) idle.splice(place, 1)
    })
    all.add(connection)
    return connection
  }
  const send = (request: Buffer, connection = idle.pop() ?? open()) =>
    new Promise<Sample>((resolve) => {
      const sentAt = performance.now()
      connection.send(request, (code) => {
        if (all.has(connection)) idle.push(connection)
        resolve([code, performance.now() - sentAt])
      })
    })
  // Not all at once: the kernel holds some hundreds that were not accepted yet.
  while (opened < connections) {
    const missing = Math.min(batch, connections - opened)
    await Promise.all(Array.from({ length: missing }, () => send(warming, open())))
  }
  return {
    send: (request: Buffer) => send(request),
    opened: () => opened,
    close: () => {
      for (const connection of all) connection.close()
    },
  }
}

const run = async ({ port, ms, connections, requests, pace }: Job): Promise<Result> => {
  const client = await createClient(port, connections)
  const shots = requests.map((text) => Buffer.from(text))
  const samples: Sample[] = []
  const started = performance.now()
  const isOver = () => performance.now() - started >= ms
  let sent = 0
  const fire = async () => {
    samples.push(await client.send(shots[sent++ % shots.length] ?? Buffer.alloc(0)))
  }
  const lateness = watchLateness()
  const work = async () => {
    if ('loops' in pace) {
      const loop = async () => {
        while (!isOver()) await fire()
      }
      await Promise.all(Array.from({ length: pace.loops }, loop))
      return
    }
    const running: Promise<void>[] = []
    while (!isOver()) {
      const due = ((performance.now() - started) / 1_000) * pace.perSecond
      while (sent < due) running.push(fire())
      await delay(tickMs)
    }
    await Promise.all(running)
  }
  let timer: NodeJS.Timeout | undefined
  const late = new Promise<void>((resolve) => {
    timer = setTimeout(resolve, ms + patienceMs)
  })
  await Promise.race([work(), late])
  clearTimeout(timer)
  const lateMs = lateness.end()
  // Who has no reply by now has none.
  while (samples.length < sent) samples.push([0, patienceMs])
  const opened = client.opened()
  client.close()
  return { samples, lateMs, connections: opened }
}

process.on('message', (job: Job) => run(job).then((result) => process.send?.(result)))
// The process that gave the jobs is gone.
process.on('disconnect', () => process.exit(0))
