/** Lines of the log as a person at a terminal reads them. */

const levels: Record<number, string> = {
  10: 'trace',
  20: 'debug',
  30: 'info',
  40: 'warn',
  50: 'error',
  60: 'fatal',
}

type Line = Record<string, unknown> & { level: number; time: string; msg?: string; err?: { stack?: string } }

const isLine = (value: unknown): value is Line =>
  typeof value === 'object' && value !== null && 'level' in value && 'time' in value

const parseLine = (text: string): Line | undefined => {
  try {
    const value: unknown = JSON.parse(text)
    return isLine(value) ? value : undefined
  } catch {
    return undefined
  }
}

// Some of what is logged was chosen by callers: it must not move the cursor.
const invisible = /[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/gu
const visible = (text: string) =>
  text.replace(invisible, (letter) => `\\u${letter.charCodeAt(0).toString(16).padStart(4, '0')}`)

const show = (value: unknown) => visible(typeof value === 'string' ? value : JSON.stringify(value))

/** Of the greeting: `listening  http://127.0.0.1:8080`. */
const formatGreeting = ({ start, msg = '', note }: Line) =>
  `${show(start).padEnd(10)} ${show(msg)}${note === undefined ? '' : `   (${show(note)})`}\n`

/** A line of JSON as time, level, message and `name=value`, with a stack below it. */
export const formatLine = (text: string): string => {
  const line = parseLine(text)
  if (!line) return text
  if (line.start !== undefined) return formatGreeting(line)
  const { level, time, msg, err, operation, ...members } = line
  const head = [time, (levels[level] ?? String(level)).padEnd(5), show(operation ?? ''), visible(msg ?? '')]
  const pairs = Object.entries(members).map(([name, value]) => `${visible(name)}=${show(value)}`)
  const stack = err?.stack?.split('\n').map((row) => `\n    ${visible(row.trim())}`) ?? []
  return `${[...head, ...pairs].filter((part) => part !== '').join(' ')}${stack.join('')}\n`
}
