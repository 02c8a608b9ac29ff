/** Addresses as typed to addresses as compared, and the accounts that have them. */
import type { Clock } from '../../adapters/clock.ts'
import type { ReadPhone } from '../../adapters/phone-numbers.ts'
import { Failure } from '../../protocol/errors.ts'
import type { Holds } from '../holds/api.ts'
import type { Address, Addresses, AddressKind } from './api.ts'
import { isDomainOf, parseMail } from './mail.ts'
import { findPhone, looksLikePhone, parsePhone } from './phone.ts'
import {
  findAddress,
  findAddressesOf,
  insertAddress,
  removeAddressChangesOf,
  removeAddressesOf,
} from './repo.ts'

export type AddressesNeeds = {
  clock: Clock
  holds: Pick<Holds, 'check' | 'isHeld'>
  defaultRegion: string
  toAsciiDomain(domain: string): string
  loadPhones(): Promise<ReadPhone>
  /** Domains whose addresses cannot be registered. */
  refusedDomains: ReadonlySet<string>
}

/** Longer than any address. */
const longest = 254

export const createAddresses = (needs: AddressesNeeds): Addresses => {
  const { clock, holds, defaultRegion, toAsciiDomain, loadPhones, refusedDomains } = needs

  const parsers: Record<AddressKind, (typed: string) => Promise<Address>> = {
    email: async (typed) => parseMail(typed, toAsciiDomain),
    phone: async (typed) => parsePhone(typed, defaultRegion, await loadPhones()),
  }

  const parseEither = async (typed: string): Promise<Address> => {
    if (typed.length > longest) throw new Failure('ADDRESS_INVALID')
    if (typed.includes('@')) return parsers.email(typed)
    const found = findPhone(typed, defaultRegion, await loadPhones())
    if (!found) throw new Failure('ADDRESS_INVALID')
    return found
  }

  const parseLogin = async (typed: string): Promise<Address | undefined> => {
    if (typed.length > longest) return undefined
    const kind = typed.includes('@') ? 'email' : looksLikePhone(typed, defaultRegion) ? 'phone' : undefined
    return kind && parsers[kind](typed).catch(isRefused)
  }

  return {
    parse: async (typed, kind) => (kind === undefined ? parseEither(typed) : parsers[kind](typed)),
    parseLogin,
    checkAllowed: ({ kind, text }) => {
      if (kind === 'email' && isDomainOf(text, refusedDomains)) throw new Failure('MAIL_INVALID')
    },
    findOwner: async (db, address) => {
      const row = await findAddress(db, address.key)
      return row && { userId: row.userId, address: { ...address, text: row.text } }
    },
    insert: async (trx, userId, { kind, text, key }) => {
      const nowMs = clock.now()
      await insertAddress(trx, { userId, kind, text, loginKey: key, verifiedAt: nowMs, createdAt: nowMs })
      await holds.check(trx, [key])
    },
    isHeld: (db, { key }) => holds.isHeld(db, [key]),
    removeOf: async (trx, userId) => {
      await removeAddressesOf(trx, userId)
      await removeAddressChangesOf(trx, userId)
    },
    findOf: async (db, userId) => {
      const rows = await findAddressesOf(db, userId)
      // A row does not have the country of its number.
      return Promise.all(rows.map(({ kind, text }) => parsers[kind](text)))
    },
    findMails: async (db, userId) => {
      const rows = await findAddressesOf(db, userId)
      return rows.filter(({ kind }) => kind === 'email').map(({ text }) => text)
    },
  }
}

/** Of a login: what is no address is no login of anyone, and is refused like a wrong one. */
const isRefused = (error: unknown): undefined => {
  if (!(error instanceof Failure)) throw error
  return undefined
}
