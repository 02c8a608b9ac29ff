/** A provider's profile, within the bounds of what is kept of it. */
import type { ProviderProfile } from '../../adapters/providers/driver.ts'
import { Failure } from '../../protocol/errors.ts'
import type { Proven } from './flows.ts'
import type { IdentityKey } from './repo.ts'

const longest = { subject: 255, issuer: 255, email: 254, name: 100 } as const

const keptName = (name: string): string =>
  [...name.slice(0, 2 * longest.name).replace(/[\p{C}\p{Zl}\p{Zp}]+/gu, ' ')]
    .slice(0, longest.name)
    .join('')
    .trim()

/** Throws PROVIDER_FAILED for a subject or issuer that cannot be one. */
export const trimProfile = ({
  subject,
  issuer,
  email,
  name,
  usersOf,
}: ProviderProfile): Proven['profile'] => {
  const isKey =
    subject !== '' &&
    Buffer.byteLength(subject) <= longest.subject &&
    issuer.length <= longest.issuer &&
    /^[\x21-\x7e]+$/.test(issuer)
  if (!isKey)
    throw new Failure('PROVIDER_FAILED', { cause: new Error('a subject or issuer that cannot be one') })
  return {
    subject,
    issuer,
    ...(email && email.address.length <= longest.email && { email }),
    ...(name !== undefined && { name: keptName(name) }),
    ...(usersOf !== undefined && { usersOf }),
  }
}

export const keyOf = ({ provider, profile: { issuer, subject, usersOf } }: Proven): IdentityKey => ({
  provider: usersOf ?? provider,
  issuer,
  subject: Buffer.from(subject),
})
