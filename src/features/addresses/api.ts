import type { Executor } from '../../adapters/db/index.ts'
import type { AddressRow } from './tables.ts'

export type AddressKind = AddressRow['kind']

/** An e-mail address or a mobile phone number in its canonical form. */
export type Address = {
  kind: AddressKind
  /** As messages are sent to it: the local part as typed, the domain in A-labels, or E.164. */
  text: string
  /** Compared: `email:…` or `phone:+…` as UTF-8. Also the key of its verifier. */
  key: Buffer
  /** Of a phone: two letters. */
  country?: string
}

export type AddressOwner = { userId: number; address: Address }

export type Addresses = {
  /** Throws MAIL_INVALID, PHONE_INVALID, or ADDRESS_INVALID if it may be either. The length is judged first. */
  parse(typed: string, kind?: AddressKind): Promise<Address>
  /** What a person typed as a login, if it can be an address; undefined for a name or a number. */
  parseLogin(typed: string): Promise<Address | undefined>
  /** Throws MAIL_INVALID for an address that may not become anyone's: of a refused domain. */
  checkAllowed(address: Address): void
  /** The account that has verified it, with the address as that account has it: send to this one, never to a typed one. */
  findOwner(db: Executor, address: Address): Promise<AddressOwner | undefined>
  /** Gives an account an address that it has verified. Fails as a duplicate where another one has it; throws ALREADY_REGISTERED where an erased one had it lately. */
  insert(trx: Executor, userId: number, address: Address): Promise<void>
  /** Whether an erased account had it lately: then it is not yet free. */
  isHeld(db: Executor, address: Address): Promise<boolean>
  /** The addresses of an account. */
  findOf(db: Executor, userId: number): Promise<Address[]>
  /** The e-mail addresses of an account: where notices go. */
  findMails(db: Executor, userId: number): Promise<string[]>
  /** Forgets all that is known of the addresses of an account, former ones too. */
  removeOf(trx: Executor, userId: number): Promise<void>
}
