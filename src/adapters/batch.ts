/**
 * Gathers values by key in memory (bounded) and writes them in one go. What can't be written is gathered again,
 * under what came in between. Nothing may depend on what is gathered: a crash loses it.
 */
export type Batch<Value> = {
  /** Adds to what is gathered under a key, unless there is no room for a new one. */
  gather(key: string, merge: (before: Value | undefined) => Value): void
  /** Writes what was gathered, in the order of its keys, so that two processes lock rows in one order. */
  flush(): Promise<void>
}

/** Runs each to its end, whether or not another one fails; throws what the first failed with. */
export const runAll = async (works: readonly (() => Promise<unknown>)[]): Promise<void> => {
  const results = await Promise.allSettled(works.map((work) => work()))
  const failed = results.find(({ status }) => status === 'rejected')
  if (failed?.status === 'rejected') throw failed.reason
}

export type CreateBatch = <Value>(needs: {
  most: number
  write(entries: [key: string, value: Value][]): Promise<void>
}) => Batch<Value>

export const createBatch: CreateBatch = <Value>({
  most,
  write,
}: {
  most: number
  write(entries: [string, Value][]): Promise<void>
}): Batch<Value> => {
  let gathered = new Map<string, Value>()
  return {
    gather: (key, merge) => {
      const before = gathered.get(key)
      if (before !== undefined || gathered.size < most) gathered.set(key, merge(before))
    },
    flush: async () => {
      if (gathered.size === 0) return
      const batch = gathered
      gathered = new Map()
      try {
        await write([...batch].sort(([a], [b]) => (a < b ? -1 : 1)))
      } catch (error) {
        gathered = new Map([...batch, ...gathered])
        throw error
      }
    },
  }
}
