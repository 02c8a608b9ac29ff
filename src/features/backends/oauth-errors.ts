/** Refusals in the words of OAuth (RFC 6749 section 5.2). */
import type { EndpointReply } from '../../http/endpoints.ts'
import type { ErrorName, Failure } from '../../protocol/errors.ts'

/** What is wrong with who calls; everything else that is below 500 is wrong with what was sent. */
const ofClient = new Set<ErrorName>(['APP_REFUSED', 'APP_DISABLED'])

/** A body or query that was not read has the status of an envelope elsewhere. */
const statusOf = ({ entry }: Failure) => (entry.name === 'ENVELOPE_REFUSED' ? 400 : entry.status)

const errorOf = (failure: Failure): string => {
  const { entry } = failure
  if (ofClient.has(entry.name)) return 'invalid_client'
  if (entry.status === 429 || entry.status >= 500) return 'temporarily_unavailable'
  return statusOf(failure) === 403 ? 'access_denied' : 'invalid_request'
}

/** ASCII without quotes and backslashes, as RFC 6749 wants it. */
const describe = ({ entry, options: { info } }: Failure): string => {
  const text = info === undefined ? entry.text.en : `${entry.text.en}: ${info}`
  return text.replace(/[^\x20-\x21\x23-\x5b\x5d-\x7e]/g, '')
}

export const refuseOAuth = (failure: Failure, clientStatus: 400 | 401): EndpointReply => {
  const error = errorOf(failure)
  const json = { error, error_description: describe(failure) }
  if (error !== 'invalid_client') return { status: statusOf(failure), json }
  if (clientStatus === 400) return { status: 400, json }
  return { status: 401, headers: { 'www-authenticate': 'Basic realm="torii"' }, json }
}
