import { limit, oneOf, whole } from '../../config/fields.ts'

export const tickets = {
  jwtSeconds: whole(600, 60, 600, 'Life of a ticket in the form of a JWT'),
  jwtAlgorithm: oneOf(['EdDSA', 'ES256'], 'What JWTs are signed by: Ed25519, or ECDSA on P-256'),
}

export const limits = { revocations: limit(10, 200) }
