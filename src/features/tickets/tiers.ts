/** The table of tickets: how long each tier lives, and what it exchanges for. An exchange only goes down. */
import type { Tier } from '../../protocol/tickets.ts'

/** Tiers whose tickets are records of the store; an A2 is a row of the database. */
export const storeTiers = ['skey', 'pskey', 'openkey'] as const
export type StoreTier = (typeof storeTiers)[number]

export const isStoreTier = (tier: Tier): tier is StoreTier => (storeTiers as readonly Tier[]).includes(tier)

type TierRow = {
  exchangesFor: readonly StoreTier[]
  /** How many tickets of this tier one login may have beside that of its A2; with one more the oldest ends. */
  most?: number
  /** Hides the login in the ticket: two tickets of one login have nothing in common. */
  isMasked: boolean
}

// biome-ignore format: a table to be read down
export const tierRows = {
  a2:      { exchangesFor: ['skey', 'pskey', 'openkey'],           isMasked: false },
  skey:    { exchangesFor: ['pskey', 'openkey'],         most: 8,  isMasked: false },
  pskey:   { exchangesFor: [],                           most: 16, isMasked: true },
  openkey: { exchangesFor: [],                           most: 16, isMasked: true },
} as const satisfies Record<Tier, TierRow>
