/** The two key exchanges. Nothing is kept before the server has proven itself in both of its stages. */
import { fromBase64, isEqual, toBase64 } from '../protocol/bytes.ts'
import { deriveKeys, hashTranscript, nonceBytes, signedText } from '../protocol/key-exchange.ts'
import type { KeyPrimitives } from '../protocol/primitives.ts'
import {
  checkProof,
  isWeakSuite,
  ivBytesOf,
  keyPrintOf,
  makeProof,
  type ProofSuite,
  proofKeyOf,
  proofSuites,
} from '../protocol/proofs.ts'
import { readPublicKey, toPem, toPubKey } from '../protocol/public-key.ts'
import { type SealedKeys, type SealedSuite, sealedSuites } from '../protocol/sealed-envelope.ts'
import type { Send } from './call.ts'
import type { ClientClock } from './clock.ts'
import { ClientFailure } from './failure.ts'
import { type ReadFrame, sendStage } from './frames.ts'
import type { PinnedKeys } from './pinned-keys.ts'
import { loadKeyPrimitives } from './primitives.ts'

/** A key of version 1: it proves itself in hello and login, and seals nothing. */
export type ProofKey = { version: 1; suite: ProofSuite; fingerprint: string; key: Uint8Array }

/** A key of version 2, under which calls are sealed. */
export type SealedKey = {
  version: 2
  suite: SealedSuite
  fingerprint: string
  keys: SealedKeys
  /** The id of the pinned key that signed the exchange. */
  signer: string | undefined
}

export type ExchangeNeeds = { send: Send; clock: ClientClock }
export type SealedExchangeNeeds = ExchangeNeeds & { appId: string; pinnedKeys: PinnedKeys }

const nothing = new Uint8Array()
const bytesOf = (text: string) => fromBase64(text) ?? nothing

const checkTrust = (isGood: boolean): void => {
  if (!isGood) throw new ClientFailure('SERVER_NOT_TRUSTED')
}

/** The X coordinate of the point shared with the server. Throws SERVER_NOT_TRUSTED. */
const deriveShared = (own: ReturnType<KeyPrimitives['createExchangeKey']>, serverPoint: Uint8Array) => {
  const x = own.deriveX(serverPoint)
  if (!x) throw new ClientFailure('SERVER_NOT_TRUSTED')
  return x
}

const primitivesOf = async (suite: ProofSuite): Promise<KeyPrimitives> => {
  const { loadTwofish, nobleKeyPrimitives } = await loadKeyPrimitives()
  return isWeakSuite(suite) ? loadTwofish() : nobleKeyPrimitives
}

/** base64 of a proof of `tm`; each has a fresh IV. */
export const proveTm = async ({ suite, key }: Omit<ProofKey, 'fingerprint'>, tm: string): Promise<string> => {
  const iv = crypto.getRandomValues(new Uint8Array(ivBytesOf(suite)))
  return toBase64(makeProof(await primitivesOf(suite), suite, key, iv, tm))
}

/** Exchanges a key of version 1, as the old chat server has it. */
export const createProofExchange = ({ send, clock }: ExchangeNeeds) =>
  async function exchangeProof(suite: ProofSuite): Promise<ProofKey> {
    const primitives = await primitivesOf(suite)
    const own = primitives.createExchangeKey()
    const { encType } = proofSuites[suite]
    const second = await sendStage(send, String(clock.now()), {
      stage: 1,
      keyPrint: '0',
      rsaPrint: '0',
      tempKey: '',
      pubKey: toPubKey(own.point, 'base64'),
      encType,
      status: '',
    })
    checkTrust(second.message.stage === 2 && second.text('encType') === encType)
    const x = deriveShared(own, readPublicKey(second.text('pubKey')) ?? nothing)
    const key = proofKeyOf(primitives, suite, x)
    const fingerprint = keyPrintOf(key)
    checkTrust(second.text('keyPrint') === fingerprint)
    checkTrust(checkProof(primitives, suite, key, bytesOf(second.text('tempKey')), second.tm) !== undefined)

    const tm = String(clock.now())
    const tempKey = await proveTm({ version: 1, suite, key }, tm)
    const fourth = await sendStage(send, tm, { stage: 3, keyPrint: fingerprint, tempKey, status: 'ready' })
    checkTrust(fourth.message.stage === 4 && fourth.text('keyPrint') === fingerprint)
    return { version: 1, suite, fingerprint, key }
  }

type FirstStage = {
  primitives: KeyPrimitives
  suite: SealedSuite
  own: ReturnType<KeyPrimitives['createExchangeKey']>
  clientNonce: Uint8Array
}

/** The keys that follow from stages 1 and 2, once the server has proven that it has them too. */
const deriveFromSecond = async (first: FirstStage, second: ReadFrame, needs: SealedExchangeNeeds) => {
  const { primitives, suite, own, clientNonce } = first
  const { appId, pinnedKeys } = needs
  // An answer of version 1, or of another suite, is a weaker offer than the client asked for.
  const { stage, kx } = second.message
  checkTrust(stage === 2 && kx === 2 && second.text('encType') === sealedSuites[suite].encType)
  const serverPoint = readPublicKey(second.text('pubKey')) ?? nothing
  const serverNonce = bytesOf(second.text('nonce'))
  checkTrust(serverNonce.length === nonceBytes)
  const x = deriveShared(own, serverPoint)
  const serverKeyId = second.text('serverKeyId')
  const hash = hashTranscript(primitives, {
    appId,
    suite,
    clientPoint: own.point,
    clientNonce,
    rsaPrint: '0',
    serverKeyIds: pinnedKeys.ids,
    serverPoint,
    serverNonce,
    serverKeyId,
    tm: second.tm,
  })
  const derived = deriveKeys(primitives, suite, x, hash)
  checkTrust(second.text('keyPrint') === derived.keys.fingerprint)
  checkTrust(isEqual(bytesOf(second.text('tempKey')), derived.proofs[2]))
  if (pinnedKeys.ids.length === 0) return { ...derived, signer: undefined }
  const signature = bytesOf(second.text('signature'))
  checkTrust(await pinnedKeys.verify(serverKeyId, signedText(hash), signature))
  return { ...derived, signer: serverKeyId }
}

/** Exchanges a key of version 2; with pinned keys, one of them has to have signed it. */
export const createSealedExchange = (needs: SealedExchangeNeeds) =>
  async function exchangeSealed(suite: SealedSuite): Promise<SealedKey> {
    const { send, clock, pinnedKeys } = needs
    const { nobleKeyPrimitives: primitives } = await loadKeyPrimitives()
    const own = primitives.createExchangeKey()
    const clientNonce = crypto.getRandomValues(new Uint8Array(nonceBytes))
    const second = await sendStage(send, String(clock.now()), {
      stage: 1,
      kx: 2,
      pubKey: toPem(own.point),
      nonce: toBase64(clientNonce),
      encType: sealedSuites[suite].encType,
      serverKeyIds: pinnedKeys.ids.length > 0 ? pinnedKeys.ids : undefined,
    })
    const { keys, proofs, signer } = await deriveFromSecond(
      { primitives, suite, own, clientNonce },
      second,
      needs,
    )
    const fourth = await sendStage(send, String(clock.now()), {
      stage: 3,
      kx: 2,
      keyPrint: keys.fingerprint,
      tempKey: toBase64(proofs[3]),
      status: 'ready',
    })
    checkTrust(fourth.message.stage === 4 && isEqual(bytesOf(fourth.text('tempKey')), proofs[4]))
    return { version: 2, suite, fingerprint: keys.fingerprint, keys, signer }
  }
