import { pino } from 'pino'

/**
 * JSON lines on the standard output, gathered for at most a fifth of a second. Nothing that the transport calls a secret
 * is ever handed to it.
 */
export const createLogger = (level: string) => {
  const lines = pino.destination({ dest: 1, sync: true, minLength: 8_192, periodicFlush: 200 })
  return Object.assign(pino({ level, base: null }, lines), {
    /** Writes what was gathered, for a process that ends. */
    writeAll: () => {
      try {
        lines.flushSync()
      } catch {
        // Nobody reads it any more.
      }
    },
  })
}

export type Logger = ReturnType<typeof createLogger>
