import {
  chmodSync,
  lstatSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  realpathSync,
  renameSync,
  rmSync,
} from 'node:fs'
import { basename, dirname, join } from 'node:path'
import { Refusal } from './refusal.ts'

/**
 * Fills a folder with secrets so that no other user of the machine can read or replace them: what `fill` writes into a
 * fresh folder (0700) becomes `folder` in one step, or nothing does. Refuses a folder that is another user's or not empty.
 */
export async function fillFolder<T>(folder: string, fill: (draft: string) => Promise<T>): Promise<T> {
  mkdirSync(dirname(folder), { recursive: true, mode: 0o700 })
  const place = join(realpathSync(dirname(folder)), basename(folder))
  checkParent(dirname(place))
  checkTarget(place)
  const draft = mkdtempSync(`${place}.`)
  try {
    chmodSync(draft, 0o700)
    const result = await fill(draft)
    // Replaces an empty folder, and fails when it has been filled meanwhile.
    renameSync(draft, place)
    return result
  } catch (error) {
    rmSync(draft, { recursive: true, force: true })
    throw error
  }
}

/** The owner of a folder, and in a folder without the sticky bit everyone who may write, can replace what is in it. */
function checkParent(parent: string): void {
  const { uid, mode } = lstatSync(parent)
  if (uid !== 0 && !isOurs(uid)) throw new Refusal(`${parent} belongs to another user (${uid}): ${advice}`)
  if ((mode & 0o1002) === 0o0002) throw new Refusal(`every user may write to ${parent}: ${advice}`)
}

function checkTarget(folder: string): void {
  const found = lstatSync(folder, { throwIfNoEntry: false })
  if (found === undefined) return
  if (!found.isDirectory()) throw new Refusal(`${folder} is there and is no folder: ${advice}`)
  if (!isOurs(found.uid)) throw new Refusal(`${folder} belongs to another user (${found.uid}): ${advice}`)
  if (readdirSync(folder).length === 0) return
  const today = new Date().toISOString().slice(0, 10)
  throw new Refusal(`${folder} is not empty: name a new folder, such as ${folder}/${today}`)
}

const advice = 'name a new folder in a place of your own'

function isOurs(uid: number): boolean {
  return process.geteuid === undefined || uid === process.geteuid()
}
