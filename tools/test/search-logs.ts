import { readdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'

/** What a ticket or a hash of bcrypt looks like, of any user. */
const patterns = [/\b(?:a2|sk)_[A-Za-z0-9_-]{40,}/g, /\$2[aby]\$\d\d\$[./A-Za-z0-9]{20,}/g]
const words = /[^\s"'`,;:&?(){}[\]<>\\]{12,}/g

/**
 * Looks in every log of a run, those of MariaDB and Redis too, for secrets that the tests planted. `found` tells
 * where one was and how it begins.
 */
export async function searchLogs(folder: string) {
  const names = await readdir(folder, { recursive: true })
  const read = async (name: string) => readFile(join(folder, name), 'utf8').catch(() => '')
  const planted = new Set<string>()
  for (const name of names.filter((one) => one.endsWith('.secrets')))
    for (const secret of (await read(name)).split('\n')) if (secret.length >= 12) planted.add(secret)
  const logs = names.filter((one) => /(^|[/.])log$/.test(one))
  const found: string[] = []
  let lines = 0
  for (const name of logs) {
    const text = await read(name)
    lines += text.split('\n').length - 1
    const seen = [...text.matchAll(words)].flatMap(([word]) => [word, ...word.split(/[=|/]/)])
    const known = seen.filter((word) => planted.has(word))
    const alike = patterns.flatMap((pattern) => text.match(pattern) ?? [])
    for (const secret of new Set([...known, ...alike])) found.push(`${name}: ${secret.slice(0, 8)}…`)
  }
  return { found, planted: planted.size, logs: logs.length, lines }
}
