/** Word lists as rows. An import writes a new version beside the one that counts, and switches at the end. */
import type { Clock } from '../../adapters/clock.ts'
import type { Db } from '../../adapters/db/index.ts'
import type { TextListSource } from '../../adapters/text-lists/index.ts'
import {
  createWordTables,
  deleteOldWords,
  findHighestVersion,
  findListVersions,
  findWordsBehind,
  insertWords,
  switchVersion,
} from './repo.ts'

const page = 10_000
const batch = 1_000
const mostTries = 5

export const createSqlLists = ({ db, clock }: { db: Db; clock: Clock }): TextListSource => {
  const version = async () =>
    (await findListVersions(db.write)).map((it) => `${it.list}.${it.version}`).join(' ')

  const readWords = async (list: string, version: number): Promise<string[]> => {
    const words: string[] = []
    for (let position = -1; ; ) {
      const rows = await findWordsBehind(db.write, { list, version, position }, page)
      for (const { word } of rows) words.push(word)
      if (rows.length < page) return words
      position = rows.at(-1)?.position ?? position
    }
  }

  const load = async (names: readonly string[]) => {
    for (let tries = 0; ; tries++) {
      const before = await version()
      const lists: Record<string, unknown[] | undefined> = {}
      for (const { list, version } of await findListVersions(db.write)) {
        if (names.includes(list)) lists[list] = await readWords(list, version)
      }
      // What was replaced meanwhile was deleted under our eyes.
      if ((await version()) === before) return lists
      if (tries === mostTries) throw new Error('the lists change faster than they can be read')
    }
  }

  const replace: TextListSource['replace'] = async (list, texts, tellProgress = () => {}) => {
    await createWordTables(db.write, db.engine)
    const before = (await findListVersions(db.write)).find((it) => it.list === list)?.version
    const version = Math.max(before ?? 0, await findHighestVersion(db.write, list)) + 1
    for (let first = 0; first < texts.length; first += batch) {
      const words = texts.slice(first, first + batch)
      await insertWords(
        db.write,
        words.map((word, at) => ({ list, version, position: first + at, word })),
      )
      tellProgress(first + words.length)
    }
    const row = { list, version, words: texts.length, updatedAt: clock.now() }
    if (!(await switchVersion(db.write, row, before))) {
      throw new Error('another import has replaced the list meanwhile: import again')
    }
    while ((await deleteOldWords(db.write, list, version)) > 0);
  }

  return { place: `the words' database (${db.engine})`, version, load, replace, close: () => db.close() }
}
