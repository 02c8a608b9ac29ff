/** Stage 1 judged, and stage 2 drawn for it: a fresh key of the server, what it proves, and what the store keeps of it. */
import type { Clock } from '../../adapters/clock.ts'
import type { IdentityKey, UnwrapKey } from '../../adapters/key-crypto.ts'
import type { Random } from '../../adapters/random.ts'
import type { Store } from '../../adapters/store/index.ts'
import type { AppCaller } from '../../http/caller.ts'
import { fromBase64, toBase64 } from '../../protocol/bytes.ts'
import { Failure } from '../../protocol/errors.ts'
import type { JsonObject } from '../../protocol/json.ts'
import {
  deriveKeys,
  hashTranscript,
  nonceBytes,
  serverKeyIdOf,
  signedText,
} from '../../protocol/key-exchange.ts'
import type { KeyPrimitives } from '../../protocol/primitives.ts'
import {
  findProofSuite,
  isWeakSuite,
  ivBytesOf,
  keyPrintOf,
  makeProof,
  marksOf,
  proofKeyOf,
  proofSuites,
  readKeyPrint,
} from '../../protocol/proofs.ts'
import { pointOf, readPublicKey, toPubKey } from '../../protocol/public-key.ts'
import { findSealedSuite, sealedSuites } from '../../protocol/sealed-envelope.ts'
import type { PendingExchange } from './records.ts'

export type DrawNeeds = {
  store: Store
  clock: Clock
  random: Random
  primitives: KeyPrimitives
  /** Keys that the server signs with; the first one unless the client holds another. */
  identities: readonly IdentityKey[]
  unwrapKeys: readonly UnwrapKey[]
  allows: { version1: boolean; weakSuites: boolean }
}

const mostServerKeyIds = 4

export type Drawn = { fingerprint: string; record: PendingExchange; reply: JsonObject }

export const contentWrong = (info: string) => new Failure('KX_CONTENT', { info })

export const readText = (value: unknown, name: string): string => {
  if (value === undefined) return ''
  if (typeof value !== 'string') throw contentWrong(name)
  return value
}

/** Version 1 where none is named. */
export const readVersion = ({ kx = 1 }: JsonObject): 1 | 2 => {
  if (kx !== 1 && kx !== 2) throw contentWrong('kx')
  return kx
}

const readServerKeyIds = ({ serverKeyIds = [] }: JsonObject): string[] => {
  const isGood =
    Array.isArray(serverKeyIds) &&
    serverKeyIds.length <= mostServerKeyIds &&
    serverKeyIds.every((id) => typeof id === 'string' && /^[0-9a-f]{16}$/.test(id))
  if (!isGood) throw contentWrong('serverKeyIds')
  return serverKeyIds as string[]
}

/** Each `draw` is another try: a fingerprint may be taken. */
export const createDraws = (needs: DrawNeeds) => {
  const { store, clock, random, primitives, allows } = needs
  const identities = needs.identities.map((key) => ({
    ...key,
    id: serverKeyIdOf(primitives, key.publicKey),
  }))
  const unwrapKeys = needs.unwrapKeys.map((key) => ({
    ...key,
    rsaPrint: keyPrintOf(primitives.sha256(key.spki)),
  }))

  /** The client's point, in the open or wrapped for a key of the server. */
  const readPoint = (message: JsonObject): { point: Uint8Array; rsaPrint: string } => {
    const rsaPrint = readKeyPrint(message.rsaPrint)
    if (rsaPrint === undefined) throw contentWrong('rsaPrint')
    if (rsaPrint === '0') {
      const point = readPublicKey(readText(message.pubKey, 'pubKey'))
      if (!point) throw new Failure('KX_PUBLIC_KEY')
      return { point, rsaPrint }
    }
    const key = unwrapKeys.find((known) => known.rsaPrint === rsaPrint)
    if (!key) throw new Failure('KX_RSA_PRINT')
    const spki = key.unwrap(fromBase64(readText(message.tempKey, 'tempKey')) ?? new Uint8Array())
    if (!spki) throw new Failure('KX_TEMP_KEY')
    const point = pointOf(spki)
    if (!point) throw new Failure('KX_PUBLIC_KEY')
    return { point, rsaPrint }
  }

  const readEncType = <Suite>(message: JsonObject, find: (encType?: string) => Suite | undefined): Suite => {
    const { encType } = message
    const suite = encType === undefined || typeof encType === 'string' ? find(encType) : undefined
    if (suite === undefined) throw new Failure('KX_ENC_TYPE')
    return suite
  }

  const deriveX = (own: ReturnType<KeyPrimitives['createExchangeKey']>, point: Uint8Array) => {
    const x = own.deriveX(point)
    if (!x) throw new Failure('KX_PUBLIC_KEY')
    return x
  }

  const pubKeyForm = ({ pubKey }: JsonObject) =>
    typeof pubKey === 'string' && pubKey.startsWith('-----BEGIN') ? 'pem' : 'base64'

  const common = (appId: string) => ({
    ...{ state: 'pending' as const, appId, epoch: store.epoch, createdAt: clock.now() },
  })

  const drawOne = (message: JsonObject, caller: AppCaller, tm: string) => {
    if (!allows.version1) {
      throw new Failure('ENCRYPTION_REQUIRED', { info: 'This server exchanges keys by version 2 only.' })
    }
    const suite = readEncType(message, findProofSuite)
    if (isWeakSuite(suite) && !allows.weakSuites) throw new Failure('KX_ENC_TYPE')
    const { point } = readPoint(message)
    return (): Drawn => {
      const own = primitives.createExchangeKey()
      const key = proofKeyOf(primitives, suite, deriveX(own, point))
      const proof = makeProof(primitives, suite, key, random.bytes(ivBytesOf(suite)), tm)
      const fingerprint = keyPrintOf(key)
      const marks = marksOf(suite, proof)
      return {
        fingerprint,
        record: { ...common(caller.app.appId), version: 1, suite, key: toBase64(key), marks, proof3: '' },
        reply: {
          tempKey: toBase64(proof),
          pubKey: toPubKey(own.point, pubKeyForm(message)),
          encType: proofSuites[suite].encType,
        },
      }
    }
  }

  const drawTwo = (message: JsonObject, caller: AppCaller, tm: string) => {
    const suite = readEncType(message, findSealedSuite)
    const clientNonce = fromBase64(readText(message.nonce, 'nonce'))
    if (clientNonce?.length !== nonceBytes) throw contentWrong('nonce')
    const serverKeyIds = readServerKeyIds(message)
    const { point: clientPoint, rsaPrint } = readPoint(message)
    const { appId } = caller.app
    const identity = identities.find(({ id }) => serverKeyIds.includes(id)) ?? identities[0]
    if (!identity) throw new Error('no identity key')
    return (): Drawn => {
      const own = primitives.createExchangeKey()
      const serverNonce = random.bytes(nonceBytes)
      const hash = hashTranscript(primitives, {
        ...{ appId, suite, clientPoint, clientNonce, rsaPrint, serverKeyIds },
        ...{ serverPoint: own.point, serverNonce, serverKeyId: identity.id, tm },
      })
      const { keys, proofs } = deriveKeys(primitives, suite, deriveX(own, clientPoint), hash)
      return {
        fingerprint: keys.fingerprint,
        record: {
          ...common(appId),
          ...{ version: 2, suite, clientKey: toBase64(keys.clientKey), serverKey: toBase64(keys.serverKey) },
          ...{ proof3: toBase64(proofs[3]), proof4: toBase64(proofs[4]), marks: ['2'] },
        },
        reply: {
          tempKey: toBase64(proofs[2]),
          pubKey: toPubKey(own.point, pubKeyForm(message)),
          encType: sealedSuites[suite].encType,
          ...{ kx: 2, nonce: toBase64(serverNonce), serverKeyId: identity.id },
          signature: toBase64(identity.sign(signedText(hash))),
        },
      }
    }
  }

  return {
    /** Throws what is wrong with stage 1. */
    prepare: (message: JsonObject, caller: AppCaller, tm: string): (() => Drawn) =>
      readVersion(message) === 2 ? drawTwo(message, caller, tm) : drawOne(message, caller, tm),
    publicKeys: () => ({
      keys: identities.map(({ id, publicKey }, place) => ({
        ...{ serverKeyId: id, algorithm: 'Ed25519', publicKey: toBase64(publicKey), isCurrent: place === 0 },
      })),
      rsaKeys: unwrapKeys.map(({ rsaPrint, spki }) => ({
        ...{ rsaPrint, algorithm: 'RSA-OAEP-SHA256', publicKey: toBase64(spki) },
      })),
    }),
  }
}
