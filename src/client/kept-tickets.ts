/** The record of tickets in the storage. */
import { toHex } from '../protocol/bytes.ts'
import { parseTicket } from '../protocol/tickets.ts'
import { ClientFailure } from './failure.ts'
import { type ClientStorage, readRecord } from './storage.ts'

/** Either ticket may be '', not both. `fingerprint` names the key that the login is bound to, if it is. */
export type Kept = { a2: string; skey: string; issuedAt: number; expiresAt: number; fingerprint: string }

const handleOf = (ticket: string) => toHex(parseTicket(ticket)?.handle ?? new Uint8Array())

/** The handle of an SKey stays that of its login. */
export const loginOf = ({ a2, skey }: Pick<Kept, 'a2' | 'skey'>) => handleOf(skey || a2)

export const createKeptTickets = (storage: ClientStorage, key: string) => {
  const read = async (): Promise<Kept | undefined> => {
    const { a2 = '', skey = '', fingerprint = '', ...times } = (await readRecord(storage, key)) ?? {}
    if (typeof a2 !== 'string' || typeof skey !== 'string' || (!a2 && !skey)) return undefined
    const [issuedAt, expiresAt] = [Number(times.issuedAt) || 0, Number(times.expiresAt) || 0]
    return { a2, skey, issuedAt, expiresAt, fingerprint: String(fingerprint) }
  }
  return {
    read,
    get: async (): Promise<Kept> => {
      const kept = await read()
      if (!kept) throw new ClientFailure('NOT_LOGGED_IN')
      return kept
    },
    // One write replaces the pair: until it is done the old A2 is there, and the server takes it for a retry.
    write: (kept: Kept): Promise<void> => storage.set(key, JSON.stringify(kept)),
    remove: (): Promise<void> => storage.remove(key),
  }
}
