/**
 * Logins at a provider that are under way, in the store. The state names the first half, and goes to the provider; the
 * code names the second half, and goes to the app. Each is taken once, and the second needs the verifier of the app
 * that began: a planted callback logs no user in, nor does a stolen code.
 */
import type { Sealer, ServerCrypto } from '../../adapters/crypto.ts'
import type { ProviderProfile } from '../../adapters/providers/driver.ts'
import type { Random } from '../../adapters/random.ts'
import type { Store } from '../../adapters/store/index.ts'
import { fromBase64url, toBase64url, utf8 } from '../../protocol/bytes.ts'

export type FlowsNeeds = {
  store: Pick<Store, 'set' | 'take'>
  random: Random
  sealer: Sealer
  crypto: Pick<ServerCrypto, 'sha256' | 'isEqual'>
}

/** What an app has begun. */
export type Begun = {
  provider: string
  appId: string
  /** Base64url of the SHA-256 of the app's own verifier. */
  challenge: string
  /** Where the browser goes afterwards. Empty: the app asks the provider by itself. */
  target: string
  nonce: string
  /** PKCE with the provider; never leaves this server. */
  verifier: string
}

/** Who came back, for the app that has the verifier. */
export type Proven = {
  provider: string
  appId: string
  challenge: string
  profile: Omit<ProviderProfile, 'picture'>
}

/** Time to log in at the provider. */
export const begunSeconds = 600
const codeSeconds = 60

const secretBytes = 24
const isSecret = (text: string) => /^[A-Za-z0-9_-]{32}$/.test(text)

export const createFlows = ({ store, random, sealer, crypto }: FlowsNeeds) => {
  const drawSecret = () => toBase64url(random.bytes(secretBytes))

  const put = async (room: string, value: Begun | Proven, seconds: number): Promise<string> => {
    const name = drawSecret()
    const key = `${room}:${name}`
    const sealed = sealer.seal(key, utf8(JSON.stringify(value)))
    await store.set(key, toBase64url(sealed), seconds * 1_000)
    return name
  }

  const take = async <Value>(room: string, name: string): Promise<Value | undefined> => {
    if (!isSecret(name)) return undefined
    const key = `${room}:${name}`
    const sealed = fromBase64url((await store.take(key)) ?? '')
    return sealed && sealed.length > 0 ? JSON.parse(sealer.open(key, sealed).toString()) : undefined
  }

  const challengeOf = (verifier: string) => toBase64url(crypto.sha256(utf8(verifier)))

  return {
    drawSecret,
    challengeOf,
    begin: (begun: Begun) => put('oauth-begun', begun, begunSeconds),
    takeBegun: (state: string) => take<Begun>('oauth-begun', state),
    hand: (proven: Proven) => put('oauth-proven', proven, codeSeconds),
    takeProven: (code: string) => take<Proven>('oauth-proven', code),
    /** Whether the caller began it. */
    isOf: (
      { appId, challenge }: Pick<Begun, 'appId' | 'challenge'>,
      app: string,
      verifier: string,
    ): boolean => appId === app && crypto.isEqual(utf8(challenge), utf8(challengeOf(verifier))),
  }
}

export type Flows = ReturnType<typeof createFlows>
