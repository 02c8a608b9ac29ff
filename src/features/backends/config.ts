import { limit, texts } from '../../config/fields.ts'

export const server = {
  backendNetworks: texts('CIDR ranges from which backends may check tickets without TLS'),
}

export const limits = { ticketVerify: limit(10, 10_000) }
