import { pino } from 'pino'

/** JSON lines on the standard output. Nothing that the transport calls a secret is ever handed to it. */
export const createLogger = (level: string) => pino({ level, base: null })

export type Logger = ReturnType<typeof createLogger>
