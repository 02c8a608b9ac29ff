import { pino } from 'pino'
import { createLineBuffer, type Output } from './log-output.ts'

/**
 * JSON lines on the output, gathered for at most a fifth of a second. Nothing that the transport calls a secret is ever
 * handed to it. The server goes on when the output does not.
 */
export const createLogger = (level: string, output: Output) => {
  const lines = createLineBuffer(output)
  return Object.assign(pino({ level, base: null }, lines), {
    /** A line for a person, in order with the others and whatever the level is. */
    print: (line: string) => {
      lines.write(`${line}\n`)
      void lines.flush()
    },
    droppedLines: lines.dropped,
    flushLines: lines.flush,
    writeLinesNow: lines.writeNow,
  })
}

export type Logger = ReturnType<typeof createLogger>
