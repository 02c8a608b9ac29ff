/** Collects what every feature holds of a user, page after page: any process, from where another one was killed. */
import type { Clock } from '../../adapters/clock.ts'
import type { Sealer } from '../../adapters/crypto.ts'
import type { Db } from '../../adapters/db/index.ts'
import type { Personal } from '../feature.ts'
import { findWaiting, insertParts, moveExport } from './repo.ts'
import type { ExportRow } from './tables.ts'

export type MakeNeeds = {
  db: Db
  clock: Clock
  sealer: Sealer
  personal: readonly Personal[]
  keptMs: number
  maxBytes: number
  /** Lets others go first. */
  giveWay(): Promise<unknown>
}

/** Prolonged by each page. */
const leaseMs = 60_000
/** Of a part's rows: small enough for any envelope. */
const partBytes = 48_000

export const placeOf = (userId: number, part: number) => `export ${userId} ${part}`

/** Rows as JSON, in parts. A row that is larger than a part stands alone. */
export const splitRows = (table: string, rows: readonly unknown[]): string[] => {
  const parts: string[][] = []
  let left = 0
  for (const row of rows) {
    const text = JSON.stringify(row)
    const size = Buffer.byteLength(text)
    if (size > left) {
      parts.push([])
      left = partBytes
    }
    parts.at(-1)?.push(text)
    left -= size
  }
  return parts.map((texts) => `{"table":${JSON.stringify(table)},"rows":[${texts.join(',')}]}`)
}

export const createMake = (needs: MakeNeeds) => {
  const { db, clock, sealer, personal, maxBytes } = needs

  /** Where the export goes on behind a page; undefined: that was the last. */
  const findNext = (section: string, next: string | undefined) => {
    if (next !== undefined) return { section, behind: next }
    const at = personal.findIndex(({ name }) => name === section)
    const following = personal[at + 1]
    return following && { section: following.name, behind: null }
  }

  /** One page. Undefined: it is ready, or another process makes it. */
  const makePage = async (row: ExportRow): Promise<ExportRow | undefined> => {
    const { userId, exportId } = row
    const source = personal.find(({ name }) => name === row.section) ?? personal[0]
    if (!source) return undefined
    const { rows, next } = await source.collect(db.write, userId, row.behind ?? undefined)
    const texts = splitRows(source.name, rows)
    const bytes = row.bytes + texts.reduce((sum, text) => sum + Buffer.byteLength(text), 0)
    const isFull = bytes > maxBytes
    const kept = isFull ? [] : texts
    const on = isFull ? undefined : findNext(source.name, next)
    const nowMs = clock.now()
    const ending = { readyAt: nowMs, expiresAt: nowMs + needs.keptMs, isComplete: isFull ? 0 : 1 }
    const moved: ExportRow = {
      ...row,
      ...(on ?? ending),
      claimedUntil: Math.max(nowMs + leaseMs, row.claimedUntil + 1),
      parts: row.parts + kept.length,
      bytes: isFull ? row.bytes : bytes,
    }
    const parts = kept.map((text, at) => {
      const part = row.parts + at + 1
      return { exportId, part, userId, body: sealer.seal(placeOf(userId, part), Buffer.from(text)) }
    })
    const isDone = await db.transaction(async (trx) => {
      const { userId: _user, exportId: _id, ...progress } = moved
      if (!(await moveExport(trx, row, progress))) return false
      await insertParts(trx, parts)
      return true
    })
    return isDone && on ? moved : undefined
  }

  /** A job of every process: makes exports one after another. */
  return async function makeWaiting(): Promise<void> {
    for (;;) {
      let row = await findWaiting(db.write, clock.now())
      if (!row) return
      const claimedUntil = clock.now() + leaseMs
      if (!(await moveExport(db.write, row, { claimedUntil }))) continue
      row = { ...row, claimedUntil }
      while (row) {
        row = await makePage(row)
        await needs.giveWay()
      }
    }
  }
}
