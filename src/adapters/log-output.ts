import { fstatSync, write, writeSync } from 'node:fs'

/** Where lines go. Neither verb waits for the reader, nor throws. */
export type Output = {
  /** A person reads along. */
  isTerminal: boolean
  /** `done` gets the error when something could not be written; until then nothing else may be written. */
  write(text: string, done: (error?: Error | null) => void): void
  /** Writes what can be written at once: for a process that ends. */
  writeNow(text: string): void
}

type Stream = {
  fd: number
  isTTY?: boolean
  write(text: string, done?: (error?: Error | null) => void): boolean
  on(event: 'error', listener: (error: Error) => void): unknown
}

/**
 * The output of the process. Node writes to a pipe without blocking, through its stream; a file takes writes in a thread.
 * Not the other way round: a thread that waits for the reader of a pipe keeps the process from ending.
 */
export const openOutput = (stream: Stream): Output => {
  const facts = fstatSync(stream.fd)
  const isStream = stream.isTTY === true || facts.isFIFO() || facts.isSocket()
  return isStream ? createStreamOutput(stream) : createFileOutput(stream.fd)
}

const createStreamOutput = (stream: Stream): Output => {
  const isTerminal = stream.isTTY === true
  // The callback of each write gets the error; without a listener it would end the process as well.
  stream.on('error', () => {})
  return {
    isTerminal,
    write: (text, done) => void stream.write(text, done),
    // libuv tries each write at once, as long as none waits.
    writeNow: (text) => void stream.write(text),
  }
}

const createFileOutput = (fd: number): Output => ({
  isTerminal: false,
  write: (text, done) => writeRest(fd, Buffer.from(text), done),
  writeNow: (text) => {
    try {
      writeSync(fd, text)
    } catch {
      // There is no other place to say it.
    }
  },
})

const writeRest = (fd: number, bytes: Buffer, done: (error?: Error | null) => void): void =>
  write(fd, bytes, (error, count) => {
    if (error || count === bytes.length) return done(error)
    if (count === 0) return done(new Error('nothing was written'))
    writeRest(fd, bytes.subarray(count), done)
  })

/** Lines are gathered until there are this many characters, or for this long: a write costs as much as some requests. */
const enoughLength = 65_536
const gatherMs = 200
/** More lines than this are dropped: about 4,000 of them, a few seconds of a busy server. */
const mostLength = 1_048_576
/** Time before an output that failed is tried again. */
const retryMs = 1_000

/**
 * Lines on their way to an output that may be slow, blocked, full or gone. The process never waits for it: lines that find
 * the buffer full, or the output failing, are dropped and counted. `format` makes of a line what is written.
 */
export const createLineBuffer = (output: Output, format = (line: string) => line) => {
  let lines: string[] = []
  let length = 0
  let state: 'ready' | 'writing' | 'failed' = 'ready'
  let dropped = 0
  let announced = 0
  let timer: NodeJS.Timeout | undefined
  let waiting: (() => void)[] = []

  const schedule = (ms: number) => {
    timer ??= setTimeout(() => {
      state = 'ready'
      writeGathered()
    }, ms).unref()
  }

  const takeGathered = () => {
    const text = lines.join('')
    const count = lines.length
    lines = []
    length = 0
    return { text, count }
  }

  const add = (text: string) => {
    const line = format(text)
    if (length + line.length > mostLength) {
      dropped++
      return
    }
    lines.push(line)
    length += line.length
    if (state === 'ready' && length >= enoughLength) writeGathered()
    else if (state === 'ready') schedule(gatherMs)
  }

  const announce = () => {
    if (dropped === announced) return
    const count = dropped - announced
    announced = dropped
    add(
      `${JSON.stringify({ level: 40, time: new Date().toISOString(), dropped: count, msg: 'log lines were dropped' })}\n`,
    )
  }

  const endWaiting = () => {
    const ended = waiting
    waiting = []
    for (const end of ended) end()
  }

  const writeGathered = () => {
    clearTimeout(timer)
    timer = undefined
    if (lines.length === 0) return
    const { text, count } = takeGathered()
    state = 'writing'
    output.write(text, (error) => {
      state = error ? 'failed' : 'ready'
      if (error) {
        dropped += count
        schedule(retryMs)
        return endWaiting()
      }
      announce()
      if (lines.length === 0) return endWaiting()
      if (length >= enoughLength || waiting.length > 0) writeGathered()
      else schedule(gatherMs)
    })
  }

  return {
    write: add,
    /** Lines dropped so far. */
    dropped: () => dropped,
    /** Resolves when everything is written, or the output has failed. May take for ever: give it a limit. */
    flush: (): Promise<void> =>
      new Promise((resolve) => {
        if (state === 'failed' || (state === 'ready' && lines.length === 0)) return resolve()
        waiting.push(resolve)
        if (state === 'ready') writeGathered()
      }),
    /** For a process that ends: writes what the output takes at once. */
    writeNow: () => {
      if (state !== 'writing' && lines.length > 0) output.writeNow(takeGathered().text)
    },
  }
}
