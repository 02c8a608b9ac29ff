/**
 * Logins at a provider that are under way, in the store. The state names the first half, and goes to the provider; the
 * code names the second half, and goes to the app. Each is taken once. The second is found by its code, its app and the
 * challenge together: a planted callback logs no user in, and a stranger who has seen the code cannot use it up.
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

  const hashOf = (text: string) => toBase64url(crypto.sha256(utf8(text)))
  const begunKey = (state: string) => `oauth-begun:${state}`
  const provenKey = (code: string, appId: string, challenge: string) =>
    `oauth-proven:${hashOf(`${code} ${appId} ${challenge}`)}`

  const put = async (key: string, value: Begun | Proven, seconds: number): Promise<void> => {
    const sealed = sealer.seal(key, utf8(JSON.stringify(value)))
    await store.set(key, toBase64url(sealed), seconds * 1_000)
  }

  const take = async <Value>(key: string): Promise<Value | undefined> => {
    const sealed = fromBase64url((await store.take(key)) ?? '')
    return sealed && sealed.length > 0 ? JSON.parse(sealer.open(key, sealed).toString()) : undefined
  }

  return {
    drawSecret,
    challengeOf: hashOf,
    begin: async (begun: Begun): Promise<string> => {
      const state = drawSecret()
      await put(begunKey(state), begun, begunSeconds)
      return state
    },
    takeBegun: async (state: string) => (isSecret(state) ? take<Begun>(begunKey(state)) : undefined),
    hand: async (proven: Proven): Promise<string> => {
      const code = drawSecret()
      await put(provenKey(code, proven.appId, proven.challenge), proven, codeSeconds)
      return code
    },
    /** Undefined also for the verifier of another flow, or another app; the code stays good then. */
    takeProven: async (code: string, appId: string, verifier: string) =>
      isSecret(code) ? take<Proven>(provenKey(code, appId, hashOf(verifier))) : undefined,
    /** Whether the caller began it. */
    isOf: ({ appId, challenge }: Begun, app: string, verifier: string): boolean =>
      appId === app && crypto.isEqual(utf8(challenge), utf8(hashOf(verifier))),
  }
}

export type Flows = ReturnType<typeof createFlows>
