import type { AsWhat } from './api.ts'
import type { Purpose } from './wire.ts'

declare module '../../adapters/db/tables.ts' {
  interface Tables {
    codeFlows: CodeFlowRow
    smsDays: SmsDayRow
  }
}

/** One asking for a code, until the code was right or is too old. */
export type CodeFlowRow = {
  /** The 16 bytes that the caller knows in hex. */
  flowId: Buffer
  purpose: Purpose
  appId: string
  /** HMAC of the latest code; of a flow that sends none, random bytes. */
  mac: Buffer
  asWhat: AsWhat
  /** Sealed: address, account, payload. */
  body: Buffer
  /** Codes that were judged, over all codes of the flow. */
  tries: number
  sentAt: number
  expiresAt: number
  usedAt: number | null
  createdAt: number
}

/** SMS to a country (two letters) in one day of UTC, counted from 1970. */
export type SmsDayRow = { day: number; country: string; sent: number }
