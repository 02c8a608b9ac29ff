/** Lists of common passwords by their SHA-1 sums: the one that ships, and a file of leaked ones. */
import { type FileHandle, open, readFile } from 'node:fs/promises'
import { fileURLToPath } from 'node:url'
import { StartError } from './start-error.ts'

/** How often a password was seen; 0 for the list that ships, which counts nothing. */
export type Leaked = { suffix: string; count: number }

export type PasswordLists = {
  /** Reads the list that ships, and tries the file. Throws StartError for a file that is no such list. */
  load(): Promise<void>
  /** What the lists have under the first five hex digits of a sum. */
  findRange(prefix: string): Promise<Leaked[]>
  /** Empty, or why the file of leaked passwords cannot be read. */
  problem(): string
}

const sumBytes = 20
const dataFile = () => fileURLToPath(import.meta.resolve('#root/config/common-passwords.bin'))

const readSums = async (): Promise<Buffer> => {
  const sums = await readFile(dataFile())
  if (sums.length === 0 || sums.length % sumBytes !== 0) throw new Error(`${dataFile()} is cut off`)
  return sums
}

const sumAt = (sums: Buffer, at: number) =>
  sums.toString('hex', at * sumBytes, (at + 1) * sumBytes).toUpperCase()

/** The first place in 0…count whose sum is not below the prefix. */
const findFirst = (sums: Buffer, prefix: string): number => {
  let [low, high] = [0, sums.length / sumBytes]
  while (low < high) {
    const middle = (low + high) >> 1
    if (sumAt(sums, middle) < prefix) low = middle + 1
    else high = middle
  }
  return low
}

export const findInSums = (sums: Buffer, prefix: string): Leaked[] => {
  const found: Leaked[] = []
  for (let at = findFirst(sums, prefix); at * sumBytes < sums.length; at++) {
    const sum = sumAt(sums, at)
    if (!sum.startsWith(prefix)) break
    found.push({ suffix: sum.slice(prefix.length), count: 0 })
  }
  return found
}

/** A span of the file that is read at once, and what is read of it for one prefix at most. */
const blockBytes = 4_096
const mostBytes = 262_144
const line = /^([0-9A-Fa-f]{40}):(\d{1,12})\s*$/

const readAt = async (file: FileHandle, at: number, length: number) => {
  const { buffer, bytesRead } = await file.read(Buffer.alloc(length), 0, length, at)
  return buffer.toString('latin1', 0, bytesRead)
}

const noList = (at: number) => new Error(`at byte ${at}: expected lines of SHA1:count, ordered by SHA1`)

const parseLine = (text: string, at: number): { sum: string; count: number } => {
  const [, sum, count] = line.exec(text) ?? []
  if (sum === undefined) throw noList(at)
  return { sum: sum.toUpperCase(), count: Number(count) }
}

/** Where in an ordered file the lines from this prefix on begin, give or take a block before it. */
const findStart = async (file: FileHandle, size: number, prefix: string): Promise<number> => {
  let [low, high] = [0, size]
  while (high - low > blockBytes) {
    const middle = low + Math.floor((high - low) / 2)
    const text = await readAt(file, middle, 256)
    const start = text.indexOf('\n') + 1
    const end = text.indexOf('\n', start)
    if (start === 0 || end < 0) throw noList(middle)
    if (parseLine(text.slice(start, end), middle + start).sum < prefix) low = middle + start
    else high = middle
  }
  return low
}

/** Searches a file of tens of gigabytes in some twenty small reads. */
export const findInFile = async (name: string, prefix: string): Promise<Leaked[]> => {
  const file = await open(name, 'r')
  try {
    const { size } = await file.stat()
    if (size === 0) throw noList(0)
    const start = await findStart(file, size, prefix)
    const found: Leaked[] = []
    let rest = ''
    for (let at = start; at < size && at < start + mostBytes; at += blockBytes) {
      const lines = (rest + (await readAt(file, at, blockBytes))).split('\n')
      rest = at + blockBytes < size ? (lines.pop() ?? '') : ''
      for (const text of lines) {
        if (text === '') continue
        const { sum, count } = parseLine(text, at)
        if (sum.startsWith(prefix)) found.push({ suffix: sum.slice(prefix.length), count })
        else if (sum > prefix) return found
      }
    }
    return found
  } finally {
    await file.close()
  }
}

export const createPasswordLists = ({ breachedFile }: { breachedFile: string }): PasswordLists => {
  let loading: Promise<Buffer> | undefined
  let problem = ''
  /** A failure is not kept. */
  const load = () => {
    loading ??= readSums().catch((error) => {
      loading = undefined
      throw error
    })
    return loading
  }
  const findLeaked = async (prefix: string) => {
    if (breachedFile === '') return []
    try {
      const found = await findInFile(breachedFile, prefix)
      problem = ''
      return found
    } catch (error) {
      problem = `password.breachedFile: ${(error as Error).message}`
      return []
    }
  }
  return {
    load: async () => {
      await load()
      for (const prefix of ['00000', '80000', 'FFFFF']) await findLeaked(prefix)
      if (problem !== '') throw new StartError(problem)
    },
    findRange: async (prefix) => {
      const [shipped, leaked] = await Promise.all([load(), findLeaked(prefix)])
      const known = new Set(leaked.map(({ suffix }) => suffix))
      return [...leaked, ...findInSums(shipped, prefix).filter(({ suffix }) => !known.has(suffix))]
    },
    problem: () => problem,
  }
}
