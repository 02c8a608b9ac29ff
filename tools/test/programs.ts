import { accessSync, constants } from 'node:fs'
import { delimiter, join } from 'node:path'

// Servers live in sbin, which is not in everybody's PATH.
const moreFolders = ['/usr/sbin', '/usr/local/sbin', '/usr/libexec', '/opt/homebrew/bin', '/usr/local/bin']

/** The path of the first of `names` that can be executed. */
export function findProgram(...names: string[]): string | undefined {
  const folders = [...(process.env.PATH ?? '').split(delimiter).filter(Boolean), ...moreFolders]
  for (const name of names) {
    for (const folder of folders) {
      const path = join(folder, name)
      try {
        accessSync(path, constants.X_OK)
        return path
      } catch {}
    }
  }
  return undefined
}

export function getProgram(...names: string[]): string {
  const path = findProgram(...names)
  if (path === undefined) throw new Error(`${names.join(' or ')} is not installed`)
  return path
}
