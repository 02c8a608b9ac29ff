/** Loads what replicas have, though it may have changed a moment ago, in whichever process, or changes meanwhile. */
import type { Clock } from '../../adapters/clock.ts'

export type LoadsNeeds<Row> = {
  clock: Clock
  /** For so long a replica may lack a change. */
  lagMs: number
  /** So many changed ids are remembered; where there are more, any may be one of them. */
  most: number
  /** `isRecent`: not from a replica. */
  read(id: string, isRecent: boolean): Promise<Row | undefined>
  /** Called in one go with the end of a load: no change comes in between. */
  keep(id: string, row: Row | undefined): void
}

type Load<Row> = { isOutdated: boolean; row?: Promise<Row | undefined> }

export const createLoads = <Row>({ clock, lagMs, most, read, keep }: LoadsNeeds<Row>) => {
  const loading = new Map<string, Load<Row>>()
  /** Oldest first. */
  const changedAt = new Map<string, number>()
  let allChangedAt = Number.NEGATIVE_INFINITY

  const isWithinLag = (at = Number.NEGATIVE_INFINITY) => clock.elapsed() - at < lagMs
  const isRecent = (id: string) => isWithinLag(allChangedAt) || isWithinLag(changedAt.get(id))

  const forgetOld = () => {
    for (const [id, at] of changedAt) {
      if (isWithinLag(at)) return
      changedAt.delete(id)
    }
  }

  const readOn = async (id: string, load: Load<Row>): Promise<Row | undefined> => {
    for (;;) {
      load.isOutdated = false
      const row = await read(id, isRecent(id))
      if (load.isOutdated) continue
      keep(id, row)
      return row
    }
  }

  const noteAll = () => {
    changedAt.clear()
    allChangedAt = clock.elapsed()
  }

  return {
    /** One at a time for each id; read again if it was changed meanwhile. */
    load: (id: string): Promise<Row | undefined> => {
      const begun = loading.get(id)?.row
      if (begun) return begun
      const own: Load<Row> = { isOutdated: false }
      loading.set(id, own)
      own.row = readOn(id, own).finally(() => loading.delete(id))
      return own.row
    },
    /** It has changed, as is known now. */
    noteChange: (id: string): void => {
      const load = loading.get(id)
      if (load) load.isOutdated = true
      changedAt.delete(id)
      forgetOld()
      if (changedAt.size < most) changedAt.set(id, clock.elapsed())
      else noteAll()
    },
    /** Any of them may have changed. */
    noteAny: (): void => {
      for (const load of loading.values()) load.isOutdated = true
      noteAll()
    },
  }
}
