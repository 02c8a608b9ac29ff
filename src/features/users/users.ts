/** The names of users, as other features ask for them. */
import { utf8 } from '../../protocol/bytes.ts'
import { Failure } from '../../protocol/errors.ts'
import { canonicalName } from '../../protocol/user-name.ts'
import type { AdminWorld } from '../feature.ts'
import type { Holds } from '../holds/api.ts'
import type { Users } from './api.ts'
import { findShownRows } from './find/repo.ts'
import { createNames, drawUserName, nameKey } from './names.ts'
import { nickKeyOf } from './nick-key.ts'
import { findUser } from './profile/repo.ts'
import { holdName, insertUser, isNameTaken } from './repo.ts'

export const createUsers = (
  { clock, random, crypto, config, unmask }: AdminWorld,
  { holds }: { holds: Pick<Holds, 'check' | 'isHeld'> },
): Users => {
  const hashLook = (skeleton: string) => Buffer.from(crypto.sha256(utf8(skeleton)))
  const keyOf = (userName: string) => nameKey(canonicalName(userName))
  return {
    ...createNames({ reserved: config.names.reserved, unmask }),
    hashLook,
    insert: async (trx, { skeleton, ...user }) => {
      const { userName, nickName } = user
      const name = { loginKey: keyOf(userName), skeleton: hashLook(skeleton), nowMs: clock.now() }
      const isInserted = await insertUser(trx, { ...user, ...name, nickKey: nickKeyOf(nickName) })
      if (!isInserted) throw new Failure('ALREADY_REGISTERED', { cause: new Error('this name is held') })
      await holds.check(trx, [name.loginKey, name.skeleton])
    },
    isTaken: async (db, { loginKey, skeleton }) => {
      const look = hashLook(skeleton)
      const isTaken = await isNameTaken(db, { loginKey, skeleton: look, nowMs: clock.now() })
      return isTaken || holds.isHeld(db, [loginKey, look])
    },
    checkHeld: (trx, { loginKey, skeleton }) => holds.check(trx, [loginKey, hashLook(skeleton)]),
    drawUserName: () => drawUserName(random),
    hold: async (trx, userId, heldUntil) => {
      const user = await findUser(trx, userId)
      if (!user) return
      const { userName, skeleton } = user
      await holdName(trx, { loginKey: keyOf(userName), skeleton, userId, heldUntil })
    },
    findShown: async (db, viewerId, ids) => {
      if (ids.length === 0) return new Map()
      const rows = await findShownRows(db, { viewerId, ids, nowMs: clock.now() })
      return new Map(
        rows.map(({ icon, ...names }) => [names.userId, { ...names, ...(icon !== null && { icon }) }]),
      )
    },
  }
}
