/**
 * Web codes in the store. The key of a code is made of the code, its app and its challenge together: with another
 * app or verifier there is nothing to find, so a stranger who has seen the code cannot use it up. One `take` finds and
 * consumes it.
 */
import type { ServerCrypto } from '../../adapters/crypto.ts'
import type { Random } from '../../adapters/random.ts'
import type { Store } from '../../adapters/store/index.ts'
import { toBase64url, utf8 } from '../../protocol/bytes.ts'
import { type Strength, strengths } from '../../protocol/strength.ts'
import type { TakenLogin } from '../tickets/api.ts'

export const webCodeSeconds = 60
const secretBytes = 32

/** The code itself tells how strong an envelope it needs: a weaker one is refused before anything is consumed. */
const prefixes = { clear: 'wc_', sealed: 'ws_' } as const

/** What a code is worth. */
export type WebGrant = {
  /** Only a page of this app can redeem it. */
  appId: string
  /** base64url of the SHA-256 of the page's verifier. */
  challenge: string
  takes: TakenLogin
  minStrength: number
}

export type CodesNeeds = {
  store: Pick<Store, 'set' | 'take'>
  random: Random
  crypto: Pick<ServerCrypto, 'sha256'>
}

export const createCodes = ({ store, random, crypto }: CodesNeeds) => {
  const hashOf = (text: string) => toBase64url(crypto.sha256(utf8(text)))
  const keyOf = (code: string, appId: string, challenge: string) =>
    `web-code:${hashOf(`${code} ${appId} ${challenge}`)}`

  const create = async (grant: WebGrant): Promise<string> => {
    const needsSealed = grant.minStrength >= strengths.sealed
    const code = prefixes[needsSealed ? 'sealed' : 'clear'] + toBase64url(random.bytes(secretBytes))
    const key = keyOf(code, grant.appId, grant.challenge)
    await store.set(key, JSON.stringify(grant), webCodeSeconds * 1_000)
    return code
  }

  return {
    create,
    isStrongEnough: (code: string, strength: Strength): boolean =>
      !code.startsWith(prefixes.sealed) || strength >= strengths.sealed,
    /** Undefined: no such code of this app, with this verifier, in the last minute; or it was used. */
    take: async (code: string, appId: string, verifier: string): Promise<WebGrant | undefined> => {
      const found = await store.take(keyOf(code, appId, hashOf(verifier)))
      return found === undefined ? undefined : JSON.parse(found)
    },
  }
}
