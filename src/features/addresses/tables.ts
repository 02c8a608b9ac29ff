declare module '../../adapters/db/tables.ts' {
  interface Tables {
    addresses: AddressRow
    addressChanges: AddressChangeRow
  }
}

/** A verified address of an account: one e-mail and one phone at most. */
export type AddressRow = {
  userId: number
  kind: 'email' | 'phone'
  /** `email:…` or `phone:+…` as UTF-8: equal for all spellings, and the key of its verifier. */
  loginKey: Buffer
  /** As messages are sent to it. */
  text: string
  verifiedAt: number
  createdAt: number
}

/** An address that was changed or removed, for as long as its owner can undo that. */
export type AddressChangeRow = {
  /** SHA-256 of the secret in the link. */
  undoHash: Buffer
  userId: number
  kind: 'email' | 'phone'
  oldKey: Buffer
  oldText: string
  verifiedAt: number
  changedAt: number
  undoneAt: number | null
}
