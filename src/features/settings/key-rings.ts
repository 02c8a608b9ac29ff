/**
 * The database remembers the newest key of each ring. A key file from before a rotation lacks it: accounts and devices made
 * since then could not be opened, one call after the other.
 */
import type { Db } from '../../adapters/db/index.ts'
import { PinError } from './pin-error.ts'
import { findSetting, insertSetting, updateSetting } from './repo.ts'

/** Ring and number of its newest key: `atRest` has `k2` as 2. */
export type NewestKeys = Readonly<Record<string, number>>

const nameOf = (ring: string) => `pin.ring.${ring}`

/** The rings that lack a key which the database knows, with the number that it knows. Writes nothing. */
export const findOldRings = async ({ write }: Db, newest: NewestKeys) => {
  const found = await Promise.all(
    Object.entries(newest).map(async ([ring, own]) => {
      const value = await findSetting(write, nameOf(ring))
      return { ring, own, known: Number(value ?? 0), isNew: value === undefined }
    }),
  )
  return {
    old: found.filter(({ own, known }) => own < known),
    ahead: found.filter(({ own, known }) => own > known),
  }
}

export const describeOldRing = ({ ring, own, known }: { ring: string; own: number; known: number }) =>
  `security.keyFile: this key file is older than the last rotation of ${ring}: its newest key is k${own}, and the ` +
  `database knows k${known}; copy the newest key file`

/** Throws PinError for a key file from before a rotation; remembers the keys of a newer one. */
export const checkKeyRings = async (db: Db, newest: NewestKeys): Promise<void> => {
  const { old, ahead } = await findOldRings(db, newest)
  const [first] = old
  if (first) throw new PinError(describeOldRing(first))
  for (const { ring, own, isNew } of ahead) {
    const [name, value] = [nameOf(ring), String(own)]
    if (!isNew) await updateSetting(db.write, name, value)
    else
      await insertSetting(db.write, name, value).catch((error) => {
        // Another process starts, too.
        if (!db.isDuplicate(error)) throw error
      })
  }
}
