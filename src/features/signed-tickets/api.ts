import type { TicketRecord } from '../tickets/api.ts'

/** A ticket in the form of a JWT: services check it without a call, so nothing is kept of it. */
export type SignTicket = (
  tier: 'pskey' | 'openkey',
  loginId: Uint8Array,
  record: TicketRecord,
) => Promise<{ ticket: string; expiresAt: number }>
