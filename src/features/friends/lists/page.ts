/** A page of a list of users, some of whom are hidden: disabled, leaving or deleted. */
import { mostListed } from '../../../protocol/lists.ts'
import type { Position } from './repo.ts'

/** So often a page reads on where users are hidden. Then it ends short, and its cursor goes on. */
const mostReads = 5

export type PageNeeds<Row extends Position, Shown> = {
  /** At most so many rows behind a position. */
  read(behind: Position, most: number): Promise<Row[]>
  /** Those of the rows that the caller may see, by their number. */
  show(rows: readonly Row[]): Promise<Map<number, Shown>>
}

/**
 * Reads one row more than it needs: without it the list is at its end. A page is full where enough users are not hidden;
 * its cost is bounded where none is.
 */
export const readPage = async <Row extends Position, Shown>(
  { read, show }: PageNeeds<Row, Shown>,
  { behind, limit }: { behind: Position; limit: number },
): Promise<{ shown: Shown[]; next?: Position }> => {
  const shown: Shown[] = []
  let last = behind
  for (let reads = 0; reads < mostReads; reads++) {
    const most = reads === 0 ? limit : mostListed
    const found = await read(last, most + 1)
    const rows = found.slice(0, most)
    const seen = rows.length > 0 ? await show(rows) : new Map<number, Shown>()
    for (const row of rows) {
      last = { at: row.at, id: row.id }
      const one = seen.get(row.id)
      if (one) shown.push(one)
      if (shown.length === limit) return row === found.at(-1) ? { shown } : { shown, next: last }
    }
    if (found.length <= most) return { shown }
  }
  return { shown, next: last }
}
