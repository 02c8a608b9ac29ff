import { pino } from 'pino'
import { formatLine } from './log-lines.ts'
import { createLineBuffer, type Output } from './log-output.ts'

/** A line of the greeting: its name, what it says, and a remark. */
export type Greeting = { start: string; msg: string; note?: string; level?: number }

/**
 * JSON lines on the output, gathered for at most a fifth of a second; on a terminal lines for a person. Nothing that the
 * transport calls a secret is ever handed to it. The server goes on when the output does not.
 */
export const createLogger = (level: string, output: Output) => {
  const lines = createLineBuffer(output, output.isTerminal ? formatLine : undefined)
  return Object.assign(pino({ level, base: null, timestamp: pino.stdTimeFunctions.isoTime }, lines), {
    /** A line in order with the others, whatever the level is. */
    greet: ({ level = 30, ...members }: Greeting) => {
      lines.write(`${JSON.stringify({ level, time: new Date().toISOString(), ...members })}\n`)
      void lines.flush()
    },
    droppedLines: lines.dropped,
    flushLines: lines.flush,
    writeLinesNow: lines.writeNow,
  })
}

export type Logger = ReturnType<typeof createLogger>
