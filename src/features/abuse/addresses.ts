import type { Clock } from '../../adapters/clock.ts'
import type { Db } from '../../adapters/db/index.ts'
import type { Address } from '../../http/caller.ts'
import { recordSighting, type Sighting } from './repo.ts'

const maxGathered = 10_000

/** Addresses seen, gathered in memory and written in one batch. Nothing depends on them but a reader of the table. */
export const createAddressBook = ({ db, clock }: { db: Db; clock: Clock }) => {
  let gathered = new Map<string, Sighting>()
  return {
    see: (address: Address) => {
      const known = gathered.get(address.text)
      if (known) {
        known.at = clock.now()
        known.requests++
      } else if (gathered.size < maxGathered) {
        const { text, family, scope } = address
        gathered.set(text, { address: text, family, scope, at: clock.now(), requests: 1 })
      }
    },
    flush: async () => {
      // Sorted, so that two processes lock rows in one order.
      const batch = [...gathered.values()].sort((a, b) => (a.address < b.address ? -1 : 1))
      gathered = new Map()
      if (batch.length === 0) return
      const write = () =>
        db.transaction(async (trx) => {
          for (const sighting of batch) await recordSighting(trx, sighting)
        })
      // Another process may have inserted one of them in between: then it is there to be updated.
      await write().catch((error) => (db.isDuplicate(error) ? write() : Promise.reject(error)))
    },
  }
}
