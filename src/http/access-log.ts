/** One line of the log, and one count in the metrics, for every answered request. Nothing in it is a secret. */
import type { FastifyBaseLogger } from 'fastify'
import type { CatalogueEntry } from '../protocol/errors.ts'
import type { Address, EnvelopeKind } from './caller.ts'

export type Answered = {
  operation: string
  /** Undefined: none was opened. */
  envelope: EnvelopeKind | undefined
  outcome: Pick<CatalogueEntry, 'code' | 'name' | 'status'> | undefined
  /** Which check refused. */
  reason: string | undefined
  status: number
  /** Undefined for what never became a request. */
  elapsedMs: number | undefined
  address: Address
  appId: string | undefined
  deviceId: string | undefined
}

export type WriteAccessLog = (log: Pick<FastifyBaseLogger, 'info' | 'error'>, answered: Answered) => void

export const createAccessLog =
  (observe: ((answered: Answered) => void) | undefined): WriteAccessLog =>
  (log, answered) => {
    observe?.(answered)
    const { operation, envelope, outcome, reason, status, elapsedMs, address, appId, deviceId } = answered
    // What failed inside an envelope has the status 200.
    const isFault = Math.max(status, outcome?.status ?? 0) >= 500
    log[isFault ? 'error' : 'info']({
      operation,
      envelope,
      code: outcome?.code,
      status,
      ms: elapsedMs === undefined ? undefined : Math.round(elapsedMs * 10) / 10,
      // Neither an address nor a device in full.
      network: address.network,
      app: appId,
      device: deviceId?.slice(0, 6),
      reason,
    })
  }
