/** What a flow is about, as its row keeps it: sealed, and bound to the row. */
import type { Sealer } from '../../adapters/crypto.ts'
import type { Found } from './api.ts'

const placeOf = (flowId: Buffer) => `code_flows.body.${flowId.toString('hex')}`

export const sealBody = (sealer: Sealer, flowId: Buffer, { address, userId, payload }: Found): Buffer => {
  const { kind, text, key, country } = address
  const kept = { address: { kind, text, key: key.toString('base64'), country }, userId, payload }
  return sealer.seal(placeOf(flowId), Buffer.from(JSON.stringify(kept)))
}

type Kept = Omit<Found, 'address'> & { address: Omit<Found['address'], 'key'> & { key: string } }

export const openBody = (sealer: Sealer, flowId: Buffer, sealed: Buffer): Found => {
  const { address, ...more } = JSON.parse(sealer.open(placeOf(flowId), sealed).toString('utf8')) as Kept
  return { ...more, address: { ...address, key: Buffer.from(address.key, 'base64') } }
}
