import { Failure } from '../protocol/errors.ts'
import { parseJsonObject } from '../protocol/json.ts'
import { ClientFailure } from './failure.ts'
import type { Members } from './operations.ts'

/**
 * The text that an envelope is put around. The server would refuse a bad one without saying why, so it is judged by
 * the server's own reader first.
 */
export const composeCall = (path: string, members: Members, rid: string): string => {
  const text = JSON.stringify({ apiver: 1, ...members, rid, op: path })
  try {
    parseJsonObject(text)
  } catch (error) {
    const { cause } = error as Failure
    const info = cause instanceof Error ? cause.message : undefined
    throw error instanceof Failure ? new ClientFailure('PARAMETER_INVALID', { info, cause }) : error
  }
  return text
}
