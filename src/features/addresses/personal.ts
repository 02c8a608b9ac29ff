/** The addresses of a user, and those that were changed lately. */
import type { Personal } from '../feature.ts'
import { collectAddressChanges, findAddressesOf, removeAddressChangesOf, removeAddressesOf } from './repo.ts'

export const personal: readonly Personal[] = [
  {
    name: 'addresses',
    collect: async (db, userId) => ({
      rows: (await findAddressesOf(db, userId)).map(({ kind, text, verifiedAt, createdAt }) => ({
        kind,
        address: text,
        verifiedAt,
        createdAt,
      })),
    }),
    remove: removeAddressesOf,
  },
  {
    name: 'addressChanges',
    collect: async (db, userId) => ({ rows: await collectAddressChanges(db, userId) }),
    remove: removeAddressChangesOf,
  },
]
