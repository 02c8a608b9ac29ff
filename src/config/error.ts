/** What an administrator reads of a setting that cannot be used: one line that says which, what is wrong, and what to do. */

/** A configuration that can't be used; the message is that line. */
export class ConfigError extends Error {
  override readonly name = 'ConfigError'
}

/** `trustedProxies` -> `TRUSTED_PROXIES` */
export const toEnvironmentWord = (key: string) =>
  key.replace(/[A-Z]/g, (letter) => `_${letter}`).toUpperCase()

/** `server.port` -> `TORII__SERVER__PORT` */
export const toEnvironmentName = (path: readonly string[]) =>
  ['TORII', ...path.map(toEnvironmentWord)].join('__')

/** `server.port (TORII__SERVER__PORT)` */
export const nameSetting = (path: readonly string[]) => `${path.join('.')} (${toEnvironmentName(path)})`

const longestShown = 60

/** A value as JSON on one line, cut where it is long. */
export const showValue = (value: unknown): string => {
  const text = JSON.stringify(value) ?? 'nothing'
  return text.length > longestShown ? `${text.slice(0, longestShown)}…` : text
}

/** The known name that a typing mistake is most likely to mean; undefined when none is near. */
export const suggest = (name: string, known: readonly string[]): string | undefined => {
  const rated = known
    .map((candidate) => ({ candidate, distance: editDistance(name, candidate) }))
    .sort((a, b) => a.distance - b.distance)[0]
  return rated && rated.distance <= Math.max(2, name.length / 4) ? rated.candidate : undefined
}

/** Levenshtein distance, without regard to case or underscores. */
const editDistance = (first: string, second: string): number => {
  const [a, b] = [first, second].map((text) => text.toLowerCase().replaceAll('_', '')) as [string, string]
  let row = Array.from({ length: b.length + 1 }, (_, at) => at)
  for (const [at, letter] of [...a].entries()) {
    const next = [at + 1]
    for (let to = 1; to <= b.length; to++) {
      const replaced = (row[to - 1] ?? 0) + (letter === b[to - 1] ? 0 : 1)
      next.push(Math.min(replaced, (row[to] ?? 0) + 1, (next[to - 1] ?? 0) + 1))
    }
    row = next
  }
  return row[b.length] ?? 0
}
