/** Key exchange of version 2: nothing is kept before the server has proven both stages, and who it is if keys are pinned. */
import { fromBase64, isEqual, toBase64 } from '../protocol/bytes.ts'
import { deriveKeys, hashTranscript, nonceBytes, signedText } from '../protocol/key-exchange.ts'
import { readPublicKey, toPem } from '../protocol/public-key.ts'
import { type SealedKeys, type SealedSuite, sealedSuites } from '../protocol/sealed-envelope.ts'
import type { ClientClock } from './clock.ts'
import { ClientFailure } from './failure.ts'
import { sendStage } from './frames.ts'
import { loadKeyPrimitives } from './load-key-primitives.ts'
import type { Pins } from './pins.ts'
import type { Send } from './reply.ts'

export type SealedKey = {
  version: 2
  suite: SealedSuite
  fingerprint: string
  keys: SealedKeys
  /** The pinned key that signed the exchange. */
  signer: string | undefined
}

export type SealedExchangeNeeds = { send: Send; appId: string; pins: Pins; clock: ClientClock }

export const createSealedExchange =
  ({ send, appId, pins, clock }: SealedExchangeNeeds) =>
  async (suite: SealedSuite): Promise<SealedKey> => {
    const check = (isGood: boolean) => {
      if (!isGood) throw new ClientFailure('SERVER_NOT_TRUSTED')
    }
    const bytesOf = (text: string) => fromBase64(text) ?? new Uint8Array()
    const isProof = (text: string, proof: Uint8Array) => isEqual(bytesOf(text), proof)

    const { nobleKeyPrimitives: primitives } = await loadKeyPrimitives()
    const own = primitives.createExchangeKey()
    const clientNonce = crypto.getRandomValues(new Uint8Array(nonceBytes))
    const { encType } = sealedSuites[suite]
    const second = await sendStage(send, String(clock.now()), {
      ...{ stage: 1, kx: 2, pubKey: toPem(own.point), nonce: toBase64(clientNonce), encType },
      ...(pins.ids.length > 0 && { serverKeyIds: pins.ids }),
    })

    // An answer of version 1, or of another suite, is a weaker offer than was asked for.
    check(second.message.stage === 2 && second.message.kx === 2 && second.text('encType') === encType)
    const serverPoint = readPublicKey(second.text('pubKey')) ?? new Uint8Array()
    const serverNonce = bytesOf(second.text('nonce'))
    const x = own.deriveX(serverPoint)
    check(serverNonce.length === nonceBytes)
    if (!x) throw new ClientFailure('SERVER_NOT_TRUSTED')
    const serverKeyId = second.text('serverKeyId')
    const hash = hashTranscript(primitives, {
      ...{ appId, suite, clientPoint: own.point, clientNonce, rsaPrint: '0', serverKeyIds: pins.ids },
      ...{ serverPoint, serverNonce, serverKeyId, tm: second.tm },
    })
    const { keys, proofs } = deriveKeys(primitives, suite, x, hash)
    check(second.text('keyPrint') === keys.fingerprint && isProof(second.text('tempKey'), proofs[2]))
    const isPinned = pins.ids.length > 0
    if (isPinned) check(await pins.verify(serverKeyId, signedText(hash), bytesOf(second.text('signature'))))

    const fourth = await sendStage(send, String(clock.now()), {
      ...{ stage: 3, kx: 2, keyPrint: keys.fingerprint, tempKey: toBase64(proofs[3]), status: 'ready' },
    })
    check(fourth.message.stage === 4 && isProof(fourth.text('tempKey'), proofs[4]))
    return {
      ...{ version: 2, suite, fingerprint: keys.fingerprint, keys },
      signer: isPinned ? serverKeyId : undefined,
    }
  }
