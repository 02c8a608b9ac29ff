/** Signs JWTs under a ring of the server key. The library is loaded with the first one: few servers make any. */
import { createECDH, createHash, createPrivateKey, hkdfSync, type KeyObject } from 'node:crypto'
import { openEd25519, publicEd25519 } from './key-crypto.ts'
import { type KeyRing, listRing } from './server-key.ts'

export const jwtAlgorithms = ['EdDSA', 'ES256'] as const
export type JwtAlgorithm = (typeof jwtAlgorithms)[number]

/** A public key as RFC 7517 has it. */
export type PublicJwk = Readonly<{ kid: string } & Record<string, string>>

export type JwtSigner = {
  /** All public keys, also those that do not sign yet or any more: verifiers keep them for minutes. */
  jwks: { keys: readonly PublicJwk[] }
  /** `type`: what the JWT is, so that none is taken for another kind (RFC 8725 section 3.11). */
  sign(type: string, claims: Record<string, unknown>): Promise<string>
}

type SigningKey = { privateKey: KeyObject; publicJwk: PublicJwk }

const derive = (seed: Uint8Array, info: string, length: number) =>
  Buffer.from(hkdfSync('sha256', seed, '', `torii jwt ${info}`, length))

/** RFC 7638: the name of a key is its hash. */
const nameKey = (algorithm: JwtAlgorithm, members: Record<string, string>): PublicJwk => {
  const sorted = Object.fromEntries(Object.entries(members).sort(([a], [b]) => (a < b ? -1 : 1)))
  const kid = createHash('sha256').update(JSON.stringify(sorted)).digest('base64url')
  return { ...sorted, kid, alg: algorithm, use: 'sig' }
}

const openEdKey = (seed: Uint8Array): SigningKey => {
  const privateKey = openEd25519(derive(seed, 'EdDSA', 32))
  const members = { kty: 'OKP', crv: 'Ed25519', x: publicEd25519(privateKey).toString('base64url') }
  return { privateKey, publicJwk: nameKey('EdDSA', members) }
}

/** The order of P-256. */
const order = 0xffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632551n

/** FIPS 186-5 A.2.1: 64 bits more than the order has, so that the remainder is as good as even. */
const openEcKey = (seed: Uint8Array): SigningKey => {
  const number = (BigInt(`0x${derive(seed, 'ES256', 40).toString('hex')}`) % (order - 1n)) + 1n
  const scalar = Buffer.from(number.toString(16).padStart(64, '0'), 'hex')
  const pair = createECDH('prime256v1')
  pair.setPrivateKey(scalar)
  const point = pair.getPublicKey()
  const members = {
    kty: 'EC',
    crv: 'P-256',
    x: point.subarray(1, 33).toString('base64url'),
    y: point.subarray(33).toString('base64url'),
  }
  const privateKey = createPrivateKey({
    key: { ...members, d: scalar.toString('base64url') },
    format: 'jwk',
  })
  return { privateKey, publicJwk: nameKey('ES256', members) }
}

const openers = { EdDSA: openEdKey, ES256: openEcKey } as const satisfies Record<
  JwtAlgorithm,
  (seed: Uint8Array) => SigningKey
>

/** The public keys of a seed. */
export const publicJwksOf = (seed: Uint8Array): PublicJwk[] =>
  jwtAlgorithms.map((algorithm) => openers[algorithm](seed).publicJwk)

/** Each key of the ring signs by either algorithm; `algorithm` says which one is used. */
export const createJwtSigner = (ring: KeyRing, algorithm: JwtAlgorithm): JwtSigner => {
  const seeds = listRing(ring)
  const [current = Buffer.alloc(0)] = seeds
  const { privateKey, publicJwk } = openers[algorithm](current)
  const header = { alg: algorithm, kid: publicJwk.kid }
  let library: typeof import('jose') | undefined
  return {
    jwks: { keys: seeds.flatMap(publicJwksOf) },
    sign: async (type, claims) => {
      library ??= await import('jose')
      return new library.SignJWT(claims).setProtectedHeader({ ...header, typ: type }).sign(privateKey)
    },
  }
}
