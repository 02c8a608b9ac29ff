/** The name of a flow: its purpose and its id, so that `/v1/verify` knows who answers without a trip. */
import { type Purpose, purposes } from './wire.ts'

export const writeFlow = (purpose: Purpose, flowId: Buffer): string => `${purpose}-${flowId.toString('hex')}`

export const readFlow = (flow: string): { purpose: Purpose; flowId: Buffer } | undefined => {
  const [, name, id = ''] = /^([a-z-]{1,16})-([0-9a-f]{32})$/.exec(flow) ?? []
  const purpose = purposes.find((known) => known === name)
  return purpose && { purpose, flowId: Buffer.from(id, 'hex') }
}
