/** How the passwords of this client's logins were hashed: a forged reply must not get a hash that is cheaper to crack. */
import { toHex, utf8 } from '../protocol/bytes.ts'
import { isObject } from '../protocol/json.ts'
import { noblePrimitives } from './primitives.ts'
import { type ClientStorage, type Lock, readRecord } from './storage.ts'

/** The salt and cost that a server asks for. */
export type KdfWanted = { salt: string; cost: number }

export type KdfRecord = {
  find(login: string | number): Promise<KdfWanted | undefined>
  remember(login: string | number, wanted: KdfWanted): Promise<void>
}

/** Logins that are remembered; the oldest one makes room. */
const maxLogins = 32

/** Names are kept as hashes. */
const nameOf = (login: string | number) =>
  `login-${toHex(noblePrimitives.sha256(utf8(String(login)))).slice(0, 24)}`

const isWanted = (value: unknown): value is KdfWanted =>
  isObject(value) && typeof value.salt === 'string' && typeof value.cost === 'number'

export const createKdfRecord = ({
  storage,
  key,
  lock,
}: {
  storage: ClientStorage
  key: string
  lock: Lock
}): KdfRecord => {
  const readLogins = async () => {
    const { logins } = (await readRecord(storage, key)) ?? {}
    return isObject(logins) ? logins : {}
  }
  return {
    find: async (login) => {
      const wanted = (await readLogins())[nameOf(login)]
      return isWanted(wanted) ? wanted : undefined
    },
    remember: (login, wanted) =>
      lock(async () => {
        const name = nameOf(login)
        const others = Object.entries(await readLogins()).filter(([known]) => known !== name)
        const newest = [...others, [name, wanted]].slice(-maxLogins)
        await storage.set(key, JSON.stringify({ logins: Object.fromEntries(newest) }))
      }),
  }
}
