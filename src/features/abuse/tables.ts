declare module '../../adapters/db/tables.ts' {
  interface Tables {
    addresses: AddressRow
    bans: BanRow
  }
}

export type AddressRow = {
  address: string
  family: string
  scope: string
  firstSeenAt: number
  lastSeenAt: number
  requests: number
}

/** `network` is canonical CIDR: `192.0.2.1/32`, `2001:db8::/64`. */
export type BanRow = { network: string; bannedUntil: number; reason: string; createdAt: number }
