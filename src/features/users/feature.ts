/** Users: what others may see of a person. */
import { utf8 } from '../../protocol/bytes.ts'
import { type AdminWorld, feature, type Personal } from '../feature.ts'
import type { Users } from './api.ts'
import { createNames, drawUserName } from './names.ts'
import { collectUser, deleteUser, insertUser, isNameTaken } from './repo.ts'

/** The names of users: on the database alone. */
export const users = feature({
  create: ({ clock, random, crypto, config, unmask }: AdminWorld) => {
    const hashLook = (skeleton: string) => Buffer.from(crypto.sha256(utf8(skeleton)))
    const api: Users = {
      ...createNames({ reserved: config.names.reserved, unmask }),
      insert: (trx, { skeleton, ...user }) =>
        insertUser(trx, { ...user, skeleton: hashLook(skeleton), updatedAt: clock.now() }),
      isTaken: (db, { loginKey, skeleton }) => isNameTaken(db, loginKey, hashLook(skeleton)),
      drawUserName: () => drawUserName(random),
    }
    const personal: Personal = {
      name: 'users',
      collect: async (db, userId) => ({ rows: await collectUser(db, userId) }),
      remove: deleteUser,
    }
    return { api, personal: [personal] }
  },
})
