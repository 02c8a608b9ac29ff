declare module '../../adapters/db/tables.ts' {
  interface Tables {
    outbox: OutboxRow
  }
}

/** `waiting` until it is `sent`, `expired` (its time was over first), `given-up`, or, in a trial, `kept` to be read. */
export type MessageState = 'waiting' | 'sent' | 'expired' | 'given-up' | 'kept'

export type OutboxRow = {
  /** Milliseconds since 1970 in 6 bytes, then randomness: rows are inserted and listed in the order of time. */
  messageId: Buffer
  channel: 'email' | 'phone'
  kind: string
  appId: string
  /** The address with most of it hidden, for lists. */
  hint: string
  /** Sealed address, language and variables; null once nothing is to be sent any more. */
  body: Buffer | null
  state: MessageState
  attempts: number
  /** What the last attempt failed with; empty: nothing. */
  problem: string
  /** When it is tried next; for a claimed message when its claim ends. */
  nextAt: number
  /** The process that sends it at the moment. */
  claimedBy: Buffer | null
  expiresAt: number | null
  createdAt: number
  endedAt: number | null
}
