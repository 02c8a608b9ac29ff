/** The keys of a client with everything that exchanges them, and the choice of the envelope that follows from them. */
import { findProofSuite, proofSuites } from '../protocol/proofs.ts'
import { findSealedSuite, sealedSuites } from '../protocol/sealed-envelope.ts'
import type { ClientClock } from './clock.ts'
import { isFailure } from './failure.ts'
import { createKeys, type KeyKind, type KeysNeeds } from './keys.ts'
import type { Post } from './post.ts'
import { createProofExchange, type ProofKey } from './proof-exchange.ts'
import type { Send } from './reply.ts'
import { createSealedExchange, type SealedKey } from './sealed-exchange.ts'
import { createSealedTransport } from './sealed-transport.ts'

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
  /** A new key also where one of that version and suite is kept. */
  renew?: boolean
}

export type ExchangedKey = {
  version: 1 | 2
  suite: string
  /** Its fingerprint. */
  keyPrint: string
  /** The pinned key that signed the exchange, if keys are pinned. */
  serverKeyId?: string
}

export type KeyRingNeeds = Pick<KeysNeeds, 'storage' | 'key' | 'lock' | 'pins'> & {
  post: Post
  appId: string
  clock: ClientClock
  /** The clock of sealed calls. */
  sealedClock: ClientClock
  /** Calls without a shared key. */
  weaker: Send
  /** Carries an exchange of version 2 where `weaker` is refused. */
  plain: Send
  hasDevice(): Promise<boolean>
}

const readKind = ({ version = 2, suite }: KeyExchangeOptions): KeyKind => {
  const proofSuite = version === 1 ? findProofSuite(suite) : undefined
  if (proofSuite) return { version: 1, suite: proofSuite }
  const sealedSuite = version === 2 ? findSealedSuite(suite) : undefined
  if (sealedSuite) return { version: 2, suite: sealedSuite }
  throw new TypeError(`there is no suite ${suite} in version ${version}`)
}

const describe = (key: ProofKey | SealedKey): ExchangedKey => {
  const keyPrint = key.fingerprint
  if (key.version === 1) return { version: 1, suite: proofSuites[key.suite].encType, keyPrint }
  const signer = key.signer === undefined ? {} : { serverKeyId: key.signer }
  return { version: 2, suite: sealedSuites[key.suite].encType, keyPrint, ...signer }
}

export const createKeyRing = (needs: KeyRingNeeds) => {
  const { appId, pins, clock, weaker, plain } = needs

  /** In the device's own envelope the server learns to refuse it weaker ones; every profile carries it plain too. */
  const carry: Send = async (path, members, options) => {
    if (!(await needs.hasDevice())) return plain(path, members, options)
    // Whoever refuses the device must not bring about that a new one is provisioned in the clear.
    return weaker(path, members, { ...options, keepDevice: true }).catch((error) => {
      if (!isFailure(error, 'ENVELOPE_REFUSED', 'ENCRYPTION_REQUIRED')) throw error
      return plain(path, members, options)
    })
  }

  const keys = createKeys({
    ...needs,
    exchangeSealed: createSealedExchange({ send: carry, appId, pins, clock }),
    exchangeProof: createProofExchange({ send: weaker, clock }),
  })
  const sealed = createSealedTransport({ post: needs.post, keys, clock: needs.sealedClock })

  /** Sealed from the first exchange of version 2 on. */
  const send: Send = async (path, members, options) =>
    (await keys.isSealing()) ? sealed(path, members, options) : weaker(path, members, options)

  return {
    keys,
    send,
    exchange: async (options: KeyExchangeOptions = {}): Promise<ExchangedKey> => {
      const kind = readKind(options)
      if (kind.version === 1 && pins.ids.length > 0) {
        throw new TypeError('version 1 is not signed: it can not be had with serverKeys')
      }
      const { suite, renew = false } = options
      return describe(await keys.exchange(kind, { isAnySuite: suite === undefined, renew }))
    },
  }
}
