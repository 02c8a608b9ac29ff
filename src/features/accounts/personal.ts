/** What accounts, verifiers and failures hold of a user. */
import type { Personal } from '../feature.ts'
import { clearAllFailures, findFailures } from './failures/repo.ts'
import { collectAccount, collectVerifiers, findTag, removeVerifiers } from './leaving/repo.ts'

/** More places than an account has failures from within a day, as far as the export goes. */
const mostPlaces = 1_000

export const personal: readonly Personal[] = [
  // Kept, so that its number is never given again: no member of it tells who the user was.
  { name: 'accounts', collect: async (db, userId) => ({ rows: await collectAccount(db, userId) }) },
  {
    name: 'verifiers',
    collect: async (db, userId) => ({ rows: await collectVerifiers(db, userId) }),
    remove: removeVerifiers,
  },
  {
    name: 'loginFailures',
    collect: async (db, userId) => {
      const tag = await findTag(db, userId)
      return { rows: tag ? (await findFailures(db, tag, mostPlaces)).places : [] }
    },
    remove: async (trx, userId) => {
      const tag = await findTag(trx, userId)
      if (tag) await clearAllFailures(trx, tag)
    },
  },
  {
    name: 'loginStreaks',
    collect: async (db, userId) => {
      const tag = await findTag(db, userId)
      return { rows: tag ? [(await findFailures(db, tag, 1)).streak] : [] }
    },
  },
]
