import type { CreateBatch } from '../../adapters/batch.ts'
import type { Clock } from '../../adapters/clock.ts'
import type { Db } from '../../adapters/db/index.ts'
import type { Address } from '../../http/caller.ts'
import { recordSighting, type Sighting } from './repo.ts'

export type AddressBookNeeds = { db: Db; clock: Clock; createBatch: CreateBatch }

const most = 10_000

/** Addresses seen, gathered in memory and written in batches. Nothing depends on them but a reader of the table. */
export const createAddressBook = ({ db, clock, createBatch }: AddressBookNeeds) => {
  const sightings = createBatch<Sighting>({
    most,
    write: (entries) =>
      db.transaction(async (trx) => {
        for (const [, sighting] of entries) await recordSighting(trx, sighting)
      }),
  })
  return {
    see: ({ text, family, scope }: Address) =>
      sightings.gather(text, (before) => ({
        address: text,
        family,
        scope,
        at: clock.now(),
        requests: (before?.requests ?? 0) + 1,
      })),
    flush: sightings.flush,
  }
}
