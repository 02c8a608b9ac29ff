/**
 * Names and addresses of erased accounts are free for no other user for a time, so that no one poses as the former owner or
 * gets a mail that is meant for them. The database keeps no name: only hashes under a key that it does not have.
 */
import { utf8 } from '../../protocol/bytes.ts'
import { Failure } from '../../protocol/errors.ts'
import { type AdminWorld, feature } from '../feature.ts'
import type { Holds } from './api.ts'
import {
  deleteMark,
  findHeldMark,
  findOwnedKeys,
  insertMarks,
  type OwnedKey,
  removeOldMarks,
} from './repo.ts'

const dayMs = 24 * 3_600_000

/** By key, in hex: each once. A name that was given up before is held for no longer than it would have been. */
const untilOf = (keys: readonly OwnedKey[], until: number): Map<string, number> => {
  const latest = new Map<string, number>()
  for (const { key, heldUntil } of keys) {
    const hex = key.toString('hex')
    latest.set(hex, Math.max(latest.get(hex) ?? 0, heldUntil || until))
  }
  return latest
}

export const holds = feature({
  create: ({ clock, crypto, config, findSaltKey }: AdminWorld) => {
    const heldMs = config.accounts.namesFreedDays * dayMs

    /** Undefined without the server key. */
    const openMark = async () => {
      const saltKey = await findSaltKey()
      if (!saltKey) return undefined
      const markKey = crypto.hmacSha256(saltKey, utf8('held'))
      return (key: Buffer) => Buffer.from(crypto.hmacSha256(markKey, key))
    }

    const isHeld: Holds['isHeld'] = async (db, keys) => {
      const mark = await openMark()
      return mark !== undefined && (await findHeldMark(db, keys.map(mark), clock.now())) !== undefined
    }

    const api: Holds = {
      isHeld,
      keep: async (trx, userId) => {
        const mark = await openMark()
        if (!mark) return
        const rows = untilOf(await findOwnedKeys(trx, userId), clock.now() + heldMs)
        const held = [...rows].filter(([, heldUntil]) => heldUntil > clock.now())
        if (held.length === 0) return
        await insertMarks(
          trx,
          held.map(([key, heldUntil]) => ({ mark: mark(Buffer.from(key, 'hex')), heldUntil })),
        )
      },
      check: async (trx, keys) => {
        if (!(await isHeld(trx, keys))) return
        throw new Failure('ALREADY_REGISTERED', {
          cause: new Error("it was an erased account's: accounts.namesFreedDays"),
        })
      },
      release: async (trx, key) => {
        const mark = await openMark()
        if (mark) await deleteMark(trx, mark(key))
      },
    }
    return { api, retention: [{ name: 'held marks', keptMs: 0, remove: removeOldMarks }] }
  },
})
