/** What a ticket in the form of a JWT says, and to whom. */
import type { Clock } from '../../adapters/clock.ts'
import type { ServerCrypto } from '../../adapters/crypto.ts'
import type { JwtSigner } from '../../adapters/jwt.ts'
import type { Random } from '../../adapters/random.ts'
import { toBase64url, toHex, utf8 } from '../../protocol/bytes.ts'
import type { TicketRecord } from '../tickets/api.ts'
import type { SignTicket } from './api.ts'

export type ClaimsNeeds = {
  clock: Clock
  random: Random
  jwt: JwtSigner
  /** `server.publicUrl` */
  issuer: string
  lifeSeconds: number
  sidOf: SidOf
}

/** The name of a login for a third-party app, which tells no other app which login that is; or for all of ours. */
export type SidOf = (appId: string, loginId: Uint8Array) => string

export const createSidOf =
  (crypto: Pick<ServerCrypto, 'hmacSha256'>, key: Uint8Array): SidOf =>
  (appId, loginId) =>
    toBase64url(crypto.hmacSha256(key, utf8(`${appId} ${toHex(loginId)}`)).subarray(0, 16))

const seconds = (ms: number) => Math.floor(ms / 1_000)
/** Two apps must not find the same user by the second of a login. */
const minuteOf = (ms: number) => Math.floor(ms / 60_000) * 60

/** Of our own apps any may have taken the login over from another: all know it by one name. */
export const ourApps = ''

type Claims = Record<string, string | number>

/** For a third-party app: no user number, no name, nothing that another app sees too. */
const openKeyClaims = (record: TicketRecord): Claims => ({
  aud: record.appId,
  sub: record.openId ?? '',
  scope: (record.scopes ?? []).join(' '),
  consent: record.consentEpoch ?? 0,
  auth_time: minuteOf(record.authenticatedAt ?? 0),
})

/** For a service of our own. */
const pskeyClaims = (record: TicketRecord): Claims => ({
  aud: record.business ?? '',
  business: record.business ?? '',
  sub: String(record.userId),
  client_id: record.appId,
  auth_time: seconds(record.authenticatedAt ?? 0),
})

const claimsOf = { openkey: openKeyClaims, pskey: pskeyClaims } as const

export const createSignTicket =
  ({ clock, random, jwt, issuer, lifeSeconds, sidOf }: ClaimsNeeds): SignTicket =>
  async (tier, loginId, record) => {
    if (issuer === '') throw new Error('server.publicUrl is empty: a JWT names its issuer')
    const iat = seconds(clock.now())
    const exp = Math.min(iat + lifeSeconds, seconds(record.expiresAt))
    const ticket = await jwt.sign(`${tier}+jwt`, {
      iss: issuer,
      ...claimsOf[tier](record),
      jti: toBase64url(random.bytes(16)),
      sid: sidOf(tier === 'openkey' ? record.appId : ourApps, loginId),
      iat,
      exp,
    })
    return { ticket, expiresAt: exp * 1_000 }
  }
