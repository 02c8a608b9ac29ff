import { findProofSuite, proofSuites } from '../../protocol/proofs.ts'
import { findSealedSuite, sealedSuites } from '../../protocol/sealed-envelope.ts'
import type { Core } from '../core.ts'
import type { ProofKey, SealedKey } from '../exchanges.ts'
import type { KeyKind } from '../keys.ts'

export type KeyExchangeOptions = (
  | {
      /** Authenticated, and seals every call from then on; the default. */
      version?: 2
      suite?: 'AES-256-GCM' | 'ChaCha20-Poly1305'
    }
  | {
      /** That of the old chat server: its key only proves itself in hello and login. `twofish128` is weak. */
      version: 1
      suite?: 'AES-CTR' | 'ChaCha20' | 'twofish128'
    }
) & {
  /** Exchange a new key even if one of that version and suite is kept. */
  renew?: boolean
}

export type ExchangedKey = {
  version: 1 | 2
  suite: string
  /** The fingerprint of the key. */
  keyPrint: string
  /** The pinned key that signed the exchange, if keys are pinned. */
  serverKeyId?: string
}

export type KeyExchangeVerbs = {
  /**
   * A key shared with the server: the kept one, or a new one if none of that version and suite is kept. From version 2
   * on the client seals every call under it, and sends nothing weaker any more. Throws SERVER_NOT_TRUSTED if the server
   * did not prove itself, and TypeError for a suite that does not exist.
   *
   * ```ts
   * await client.exchangeKeys()
   * ```
   */
  exchangeKeys(options?: KeyExchangeOptions): Promise<ExchangedKey>
}

const readKind = ({ version = 2, suite }: KeyExchangeOptions): KeyKind => {
  const proofSuite = version === 1 ? findProofSuite(suite) : undefined
  if (proofSuite) return { version: 1, suite: proofSuite }
  const sealedSuite = version === 2 ? findSealedSuite(suite) : undefined
  if (sealedSuite) return { version: 2, suite: sealedSuite }
  throw new TypeError(`there is no suite ${suite} in version ${version}`)
}

const describe = (key: ProofKey | SealedKey): ExchangedKey => {
  const { version, fingerprint: keyPrint } = key
  if (key.version === 1) return { version, suite: proofSuites[key.suite].encType, keyPrint }
  const { encType: suite } = sealedSuites[key.suite]
  return key.signer === undefined
    ? { version, suite, keyPrint }
    : { version, suite, keyPrint, serverKeyId: key.signer }
}

export const createKeyExchangeVerbs = ({ keys, options: { pinnedKeys } }: Core): KeyExchangeVerbs => ({
  exchangeKeys: async (options = {}) => {
    const kind = readKind(options)
    if (kind.version === 1 && pinnedKeys.ids.length > 0) {
      throw new TypeError('version 1 is not signed, so it does not work with serverKeys')
    }
    const { suite, renew = false } = options
    return describe(await keys.exchange(kind, { isAnySuite: suite === undefined, renew }))
  },
})
