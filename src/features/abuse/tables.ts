declare module '../../adapters/db/tables.ts' {
  interface Tables {
    bans: BanRow
  }
}

/** `network` is canonical CIDR: `192.0.2.1/32`, `2001:db8::/64`. */
export type BanRow = { network: string; bannedUntil: number; reason: string; createdAt: number }
