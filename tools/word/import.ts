/** `torii word import`: all or nothing. */
import { open } from 'node:fs/promises'
import { loadSimplified } from '../../src/adapters/chinese.ts'
import { openLookAlikes } from '../../src/adapters/look-alikes.ts'
import { writeTextArray } from '../../src/adapters/text-lists/file.ts'
import type { ListName } from '../../src/features/words/filter.ts'
import {
  decodeList,
  type Encoding,
  type ImportSummary,
  readList,
  type Skipped,
} from '../../src/features/words/import-list.ts'
import { openReadWord } from '../../src/features/words/options.ts'
import type { ReadWord } from '../../src/features/words/read-word.ts'
import type { SourceName } from '../../src/features/words/source.ts'
import type { Context } from '../console/context.ts'
import { createProgress } from '../console/progress.ts'
import { Refusal } from '../console/refusal.ts'

export type ImportCommandOptions = {
  list: ListName
  to?: SourceName
  out?: string
  append?: boolean
  cut?: string
  showSkipped?: boolean
  dryRun?: boolean
}

const mostBytes = 256 * 1024 * 1024

/** At most `mostBytes` of whatever it is, so that a pipe without an end ends. */
const readBytes = async (path: string, name: string): Promise<Buffer> => {
  if (name === '-') return readStream(process.stdin)
  try {
    const file = await open(path)
    try {
      if ((await file.stat()).isDirectory()) throw new Error('is a directory')
      return await readStream(file.createReadStream({ autoClose: false }))
    } finally {
      await file.close()
    }
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException
    throw new Refusal(`${name}: ${code ?? message}`)
  }
}

const readStream = async (stream: AsyncIterable<Buffer | string>): Promise<Buffer> => {
  const chunks: Buffer[] = []
  let size = 0
  for await (const chunk of stream) {
    const bytes = Buffer.from(chunk)
    size += bytes.length
    if (size > mostBytes) throw new Refusal(`a list has at most ${mostBytes / 1024 / 1024} MB`)
    chunks.push(bytes)
  }
  return Buffer.concat(chunks)
}

type Read = { words: string[]; summary: ImportSummary; encodings: Encoding[] }

const readFiles = async (
  context: Context,
  files: readonly string[],
  {
    readWord,
    cut,
    existing,
    showSkipped,
  }: {
    readWord: ReadWord
    cut: string
    existing: readonly unknown[]
    showSkipped: boolean
  },
): Promise<Read> => {
  const summary: ImportSummary = { read: 0, kept: 0, doubled: 0, empty: 0, tooLong: 0, single: 0 }
  const encodings: Encoding[] = []
  let words: readonly unknown[] = existing
  for (const name of files) {
    const { text, encoding } = decodeList(await readBytes(context.resolvePath(name), name))
    encodings.push(encoding)
    const tellSkipped = ({ line, word, reason }: Skipped) =>
      context.tell(`${name}:${line}: ${reason}: ${JSON.stringify(word)}\n`)
    const progress = createProgress(`reading ${name}`, text.length, context.tell)
    const work = readList(text, { readWord, cut, existing: words, ...(showSkipped && { tellSkipped }) })
    let step = work.next()
    for (; !step.done; step = work.next()) progress.at(step.value)
    progress.end()
    words = step.value.words
    for (const key of Object.keys(summary) as (keyof ImportSummary)[]) summary[key] += step.value.summary[key]
  }
  return { words: words as string[], summary, encodings }
}

export const importLists = async (
  context: Context,
  files: readonly string[],
  options: ImportCommandOptions,
) => {
  const started = performance.now()
  const config = await context.readConfig()
  const { list, out, dryRun = false, append = false, showSkipped = false } = options
  const to = options.to ?? config.words.source
  const readWord = await openReadWord({ config, unmask: openLookAlikes(), loadSimplified })
  const existing = append ? await context.withAdmin(async ({ words }) => (await words.load(to))[list]) : []
  const cut = options.cut ?? config.words.cut
  const { words, summary, encodings } = await readFiles(context, files, {
    readWord,
    cut,
    existing,
    showSkipped,
  })
  if (summary.kept === 0 && existing.length === 0 && !dryRun) {
    throw new Refusal('there is no word in it; nothing was changed ("torii word clear" empties a list)')
  }
  const place = await write(context, words, { list, to, out, dryRun })
  const seconds = Number(((performance.now() - started) / 1_000).toFixed(1))
  const names = [...new Set(encodings)].join(', ')
  const { read, kept, doubled, empty, tooLong, single } = summary
  context.print({ list, place, words: words.length, encodings, ...summary, seconds }, [
    `read ${read} lines (${names}), kept ${kept}, doubled ${doubled}, empty ${empty}, too long ${tooLong}, ` +
      `a single character ${single}, in ${seconds} s`,
    dryRun ? 'Nothing was changed.' : `${words.length} words are in ${place}.`,
  ])
}

type Target = { list: ListName; to: SourceName; out: string | undefined; dryRun: boolean }

/** Where the words are now; empty for a dry run. */
const write = async (
  context: Context,
  words: readonly string[],
  { list, to, out, dryRun }: Target,
): Promise<string> => {
  if (dryRun) return ''
  if (out !== undefined) {
    await writeTextArray(context.resolvePath(out), words)
    return out
  }
  return context.withAdmin(async ({ words: lists }) => {
    const progress = createProgress('writing', words.length, context.tell)
    const place = await lists.replace(to, list, words, progress.at)
    progress.end()
    return `the list ${list} in ${place}`
  })
}
