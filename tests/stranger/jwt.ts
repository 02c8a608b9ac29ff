/** A JWT as a service checks it, by protocol.md and the keys of a server. */
import { createPublicKey, type JsonWebKey, verify } from 'node:crypto'
import { items, type Json, parse, text } from './client.ts'

export type Jwt = { header: Json; claims: Json }

const read = (part: string): Json => parse(Buffer.from(part, 'base64url').toString())

/** Undefined: no key of the server has signed it. */
export function openJwt(jwt: string, jwks: Json): Jwt | undefined {
  const [head = '', body = '', signature = ''] = jwt.split('.')
  const header = read(head)
  const found = items(jwks, 'keys').find(({ kid, alg }) => kid === header.kid && alg === header.alg)
  if (!found || !['EdDSA', 'ES256'].includes(text(header, 'alg'))) return undefined
  const key = createPublicKey({ key: found as JsonWebKey, format: 'jwk' })
  const algorithm = header.alg === 'EdDSA' ? null : 'sha256'
  const isGood = verify(
    algorithm,
    Buffer.from(`${head}.${body}`),
    { key, dsaEncoding: 'ieee-p1363' },
    Buffer.from(signature, 'base64url'),
  )
  return isGood ? { header, claims: read(body) } : undefined
}
