/** Folders of tests that take long, or start processes, or break servers. `npm test` leaves them to `test:all`. */
const longFolders = /^(faults|races|processes)\//

/**
 * The names of the test files to run, of names like `adapters/store`. Words choose by any part of a name, also written
 * as a path (`tests/adapters/store.test.ts`). Without words the tier decides.
 */
export function selectTests(names: readonly string[], words: readonly string[], isAll: boolean): string[] {
  if (words.length === 0) return names.filter((name) => isAll || !longFolders.test(name))
  const parts = words.map(toPart)
  const unknown = words.filter((_, place) => !names.some((name) => name.includes(parts[place] ?? '')))
  if (unknown.length > 0) throw new Error(`no test file matches ${unknown.join(', ')}`)
  return names.filter((name) => parts.some((part) => name.includes(part)))
}

function toPart(word: string): string {
  return word.replace(/^(\.\/)?(dist\/)?(tests\/)?/, '').replace(/\.test(\.[jt]s)?$/, '')
}
