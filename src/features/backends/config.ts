import { limit, texts, whole } from '../../config/fields.ts'

export const server = {
  backendNetworks: texts('CIDR ranges from which backends may check tickets without TLS'),
}

export const backends = {
  maxAgeSeconds: whole(
    1,
    0,
    10,
    'For so long a backend or gateway may use a good answer again; 0: not at all',
  ),
}

export const limits = { ticketVerify: limit(10, 10_000) }
