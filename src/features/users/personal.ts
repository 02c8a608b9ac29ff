/** What is held of a user here. */
import type { Personal } from '../feature.ts'
import { collectParams, collectProfile, deleteParams, deleteProfile } from './profile/repo.ts'
import { collectHeldNames, collectUser, deleteHeldNamesOf, deleteUser } from './repo.ts'

export const personal: readonly Personal[] = [
  {
    name: 'profileParams',
    collect: async (db, userId) => ({ rows: await collectParams(db, userId) }),
    remove: deleteParams,
  },
  {
    name: 'profiles',
    collect: async (db, userId) => ({ rows: await collectProfile(db, userId) }),
    remove: deleteProfile,
  },
  {
    name: 'users',
    collect: async (db, userId) => ({ rows: await collectUser(db, userId) }),
    remove: deleteUser,
  },
  {
    name: 'heldNames',
    collect: async (db, userId) => ({ rows: await collectHeldNames(db, userId) }),
    // What is still held is kept as marks.
    remove: deleteHeldNamesOf,
  },
]
