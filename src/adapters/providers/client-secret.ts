/** Client secrets of login providers that are no text: a JWT of RFC 7519, signed with the operator's own key (ES256). */
import { createPrivateKey, type KeyObject, sign } from 'node:crypto'
import type { ProviderRow } from '../../config/index.ts'
import type { Clock } from '../clock.ts'

const audience = 'https://appleid.apple.com'
/** Made anew for each call; Apple takes up to six months. */
const lifeSeconds = 300

const readKey = (pem: string): KeyObject => {
  let key: KeyObject
  try {
    key = createPrivateKey(pem.replaceAll('\\n', '\n'))
  } catch {
    throw new Error('expected the private key as PEM, the text of the .p8 file')
  }
  if (key.asymmetricKeyDetails?.namedCurve !== 'prime256v1')
    throw new Error('expected a key of the curve P-256')
  return key
}

const encode = (value: unknown) => Buffer.from(JSON.stringify(value)).toString('base64url')

/** What `clientSecret` is, or the JWT that it signs. Throws an error that says what was expected. */
export type MakeClientSecret = (row: Row) => string
type Row = Pick<ProviderRow, 'clientId' | 'clientSecret' | 'quirks'>

export const createMakeClientSecret =
  (clock: Pick<Clock, 'now'>): MakeClientSecret =>
  ({ clientId, clientSecret, quirks }) => {
    if (quirks.secretForm === 'text') return clientSecret
    const seconds = Math.floor(clock.now() / 1_000)
    const head = encode({ alg: 'ES256', kid: quirks.keyId })
    const claims = encode({
      iss: quirks.teamId,
      sub: clientId,
      aud: audience,
      iat: seconds,
      exp: seconds + lifeSeconds,
    })
    const key = readKey(clientSecret)
    const signed = sign('sha256', Buffer.from(`${head}.${claims}`), { key, dsaEncoding: 'ieee-p1363' })
    return `${head}.${claims}.${signed.toString('base64url')}`
  }
