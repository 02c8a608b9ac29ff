/** Addresses as typed to addresses as compared, and the accounts that have them. */
import type { ReadPhone } from '../../adapters/phone-numbers.ts'
import { Failure } from '../../protocol/errors.ts'
import type { Address, Addresses, AddressKind } from './api.ts'
import { isDomainOf, parseMail } from './mail.ts'
import { findPhone, looksLikePhone, parsePhone } from './phone.ts'
import { findAddress, findAddressesOf } from './repo.ts'
import type { AddressRow } from './tables.ts'

export type AddressesNeeds = {
  defaultRegion: string
  toAsciiDomain(domain: string): string
  loadPhones(): Promise<ReadPhone>
  /** Domains whose addresses cannot be registered. */
  refusedDomains: ReadonlySet<string>
}

/** Longer than any address. */
const longest = 254

const toAddress = ({ kind, text, loginKey }: AddressRow): Address => ({ kind, text, key: loginKey })

export const createAddresses = (needs: AddressesNeeds): Addresses => {
  const { defaultRegion, toAsciiDomain, loadPhones, refusedDomains } = needs

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
    findOwner: async (db, { key }) => {
      const row = await findAddress(db, key)
      return row && { userId: row.userId, address: toAddress(row) }
    },
    findOf: async (db, userId) => (await findAddressesOf(db, userId)).map(toAddress),
  }
}

/** Of a login: what is no address is no login of anyone, and is refused like a wrong one. */
const isRefused = (error: unknown): undefined => {
  if (!(error instanceof Failure)) throw error
  return undefined
}
