import { pino } from 'pino'

export const createLogger = (level: string) =>
  pino({ level, base: null }, pino.destination({ dest: 1, sync: true, minLength: 8_192, periodicFlush: 200 }))

export type Logger = ReturnType<typeof createLogger>
