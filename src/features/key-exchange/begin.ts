/** Begins an exchange: judges stage 1, then makes stage 2 – a fresh server key, its proof, and the pending record. */
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
import {
  contentWrong,
  pubKeyFormOf,
  readEncType,
  readServerKeyIds,
  readText,
  readVersion,
} from './stage-members.ts'
import type { KeyExMessage } from './wire.ts'

export type BeginNeeds = {
  store: Store
  clock: Clock
  random: Random
  primitives: KeyPrimitives
  /** Keys that the server signs with; the first one unless the client holds another. */
  identities: readonly IdentityKey[]
  unwrapKeys: readonly UnwrapKey[]
  allows: { version1: boolean; weakSuites: boolean }
}

export type Begun = {
  fingerprint: string
  record: PendingExchange
  /** What stage 2 says beside its stage, fingerprint and status. */
  reply: Omit<KeyExMessage, 'stage' | 'keyPrint' | 'status'>
}

/** Judges stage 1 and throws its refusal. Each call of what it returns is another try: a fingerprint may be taken. */
type Prepare = (message: JsonObject, caller: AppCaller, tm: string) => Promise<() => Begun>

const nameKeys = ({ primitives, identities, unwrapKeys }: BeginNeeds) => ({
  identities: identities.map((key) => ({ ...key, id: serverKeyIdOf(primitives, key.publicKey) })),
  unwrapKeys: unwrapKeys.map((key) => ({ ...key, rsaPrint: keyPrintOf(primitives.sha256(key.spki)) })),
})
type NamedKeys = ReturnType<typeof nameKeys>

/** The client's point, in the open or wrapped for a key of the server. */
const readPoint = async (
  message: JsonObject,
  unwrapKeys: NamedKeys['unwrapKeys'],
): Promise<{ point: Uint8Array; rsaPrint: string }> => {
  const rsaPrint = readKeyPrint(message.rsaPrint)
  if (rsaPrint === undefined) throw contentWrong('rsaPrint')
  if (rsaPrint === '0') {
    const point = readPublicKey(readText(message.pubKey, 'pubKey'))
    if (!point) throw new Failure('KX_PUBLIC_KEY')
    return { point, rsaPrint }
  }
  const key = unwrapKeys.find((known) => known.rsaPrint === rsaPrint)
  if (!key) throw new Failure('KX_RSA_PRINT')
  const spki = await key.unwrap(fromBase64(readText(message.tempKey, 'tempKey')) ?? new Uint8Array())
  if (!spki) throw new Failure('KX_TEMP_KEY')
  const point = pointOf(spki)
  if (!point) throw new Failure('KX_PUBLIC_KEY')
  return { point, rsaPrint }
}

const deriveX = (own: ReturnType<KeyPrimitives['createExchangeKey']>, point: Uint8Array) => {
  const x = own.deriveX(point)
  if (!x) throw new Failure('KX_PUBLIC_KEY')
  return x
}

const pendingOf = ({ store, clock }: BeginNeeds, appId: string) => ({
  state: 'pending' as const,
  appId,
  epoch: store.epoch,
  createdAt: clock.now(),
})

const createPrepareOne =
  (needs: BeginNeeds, { unwrapKeys }: NamedKeys): Prepare =>
  async (message, caller, tm) => {
    const { primitives, random, allows } = needs
    if (!allows.version1) {
      throw new Failure('ENCRYPTION_REQUIRED', { info: 'This server exchanges keys by version 2 only.' })
    }
    const suite = readEncType(message, findProofSuite)
    if (isWeakSuite(suite) && !allows.weakSuites) throw new Failure('KX_ENC_TYPE')
    const { point } = await readPoint(message, unwrapKeys)
    return () => {
      const own = primitives.createExchangeKey()
      const key = proofKeyOf(primitives, suite, deriveX(own, point))
      const proof = makeProof(primitives, suite, key, random.bytes(ivBytesOf(suite)), tm)
      return {
        fingerprint: keyPrintOf(key),
        record: {
          ...pendingOf(needs, caller.app.appId),
          version: 1,
          suite,
          key: toBase64(key),
          marks: marksOf(suite, proof),
          proof3: '',
        },
        reply: {
          tempKey: toBase64(proof),
          pubKey: toPubKey(own.point, pubKeyFormOf(message)),
          encType: proofSuites[suite].encType,
        },
      }
    }
  }

const createPrepareTwo =
  (needs: BeginNeeds, { identities, unwrapKeys }: NamedKeys): Prepare =>
  async (message, caller, tm) => {
    const { primitives, random } = needs
    const suite = readEncType(message, findSealedSuite)
    const clientNonce = fromBase64(readText(message.nonce, 'nonce'))
    if (clientNonce?.length !== nonceBytes) throw contentWrong('nonce')
    const serverKeyIds = readServerKeyIds(message)
    const { point: clientPoint, rsaPrint } = await readPoint(message, unwrapKeys)
    const { appId } = caller.app
    const identity = identities.find(({ id }) => serverKeyIds.includes(id)) ?? identities[0]
    if (!identity) throw new Error('no identity key')
    const serverKeyId = identity.id
    const said = { appId, suite, clientPoint, clientNonce, rsaPrint, serverKeyIds, serverKeyId, tm }
    return () => {
      const own = primitives.createExchangeKey()
      const serverNonce = random.bytes(nonceBytes)
      const hash = hashTranscript(primitives, { ...said, serverPoint: own.point, serverNonce })
      const { keys, proofs } = deriveKeys(primitives, suite, deriveX(own, clientPoint), hash)
      return {
        fingerprint: keys.fingerprint,
        record: {
          ...pendingOf(needs, appId),
          version: 2,
          suite,
          clientKey: toBase64(keys.clientKey),
          serverKey: toBase64(keys.serverKey),
          proof3: toBase64(proofs[3]),
          proof4: toBase64(proofs[4]),
          marks: ['2'],
        },
        reply: {
          tempKey: toBase64(proofs[2]),
          pubKey: toPubKey(own.point, pubKeyFormOf(message)),
          encType: sealedSuites[suite].encType,
          kx: 2,
          nonce: toBase64(serverNonce),
          serverKeyId,
          signature: toBase64(identity.sign(signedText(hash))),
        },
      }
    }
  }

export const createBegin = (needs: BeginNeeds) => {
  const named = nameKeys(needs)
  const prepares = { 1: createPrepareOne(needs, named), 2: createPrepareTwo(needs, named) } as const
  const prepare: Prepare = (message, caller, tm) => prepares[readVersion(message)](message, caller, tm)
  return {
    prepare,
    publicKeys: () => ({
      keys: named.identities.map(({ id, publicKey }, place) => ({
        serverKeyId: id,
        algorithm: 'Ed25519',
        publicKey: toBase64(publicKey),
        isCurrent: place === 0,
      })),
      rsaKeys: named.unwrapKeys.map(({ rsaPrint, spki }) => ({
        rsaPrint,
        algorithm: 'RSA-OAEP-SHA256',
        publicKey: toBase64(spki),
      })),
    }),
  }
}
