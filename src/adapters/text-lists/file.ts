/** A folder with one JSON array of texts for each list: `deny.json`. */
import { randomBytes } from 'node:crypto'
import { constants } from 'node:fs'
import { mkdir, open, rename, rm, stat } from 'node:fs/promises'
import { join } from 'node:path'
import type { TextListSource } from './index.ts'
import { readTextArray } from './read-array.ts'

const mostBytes = 256 * 1024 * 1024
const mostTries = 5

export const openFileLists = (folder: string): TextListSource => {
  const names = new Set<string>()
  const fileOf = (name: string) => join(folder, `${name}.json`)

  const version = async () => (await Promise.all([...names].map((name) => readStamp(fileOf(name))))).join(' ')

  return {
    place: folder,
    version,
    load: async (wanted) => {
      for (const name of wanted) names.add(name)
      for (let tries = 0; ; tries++) {
        const before = await version()
        const lists: [string, unknown[] | undefined][] = []
        // One after the other, so that of several that cannot be read the same one is named each time.
        for (const name of wanted) lists.push([name, await readList(fileOf(name))])
        if ((await version()) === before || tries === mostTries) return Object.fromEntries(lists)
      }
    },
    replace: async (name, texts) => {
      await mkdir(folder, { recursive: true })
      await writeTextArray(fileOf(name), texts)
    },
    close: async () => {},
  }
}

/** Writes a JSON array of texts, one on each line. The file is there as a whole or as it was before. */
export const writeTextArray = async (path: string, texts: readonly string[]): Promise<void> => {
  const fresh = `${path}.${randomBytes(4).toString('hex')}.new`
  try {
    const file = await open(fresh, 'w')
    try {
      await file.writeFile(`[\n${texts.map((text) => JSON.stringify(text)).join(',\n')}\n]\n`)
      await file.sync()
    } finally {
      await file.close()
    }
    await rename(fresh, path)
  } finally {
    await rm(fresh, { force: true })
  }
}

const readStamp = (path: string) =>
  stat(path).then(
    ({ mtimeMs, size, ino }) => `${mtimeMs}.${size}.${ino}`,
    ({ code }) => String(code),
  )

const readList = async (path: string): Promise<unknown[] | undefined> => {
  try {
    // Without waiting: a pipe that nothing writes to would hold the caller for ever.
    const file = await open(path, constants.O_RDONLY | constants.O_NONBLOCK)
    try {
      const { size, isFile } = await file.stat().then((it) => ({ size: it.size, isFile: it.isFile() }))
      if (!isFile) throw new Error('is not a file')
      if (size > mostBytes) throw new Error(`has more than ${mostBytes / 1024 / 1024} MB`)
      return readTextArray(await file.readFile('utf8'))
    } finally {
      await file.close()
    }
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined
    throw new Error(`words.folder (TORII__WORDS__FOLDER): ${path}: ${(error as Error).message}`, {
      cause: error,
    })
  }
}
