/** Key exchange of version 1, as the old chat server had it, and the proofs that are made with its keys. */
import { fromBase64, toBase64 } from '../protocol/bytes.ts'
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
import { readPublicKey, toPubKey } from '../protocol/public-key.ts'
import type { ClientClock } from './clock.ts'
import { ClientFailure } from './failure.ts'
import { sendStage } from './frames.ts'
import { loadKeyPrimitives } from './load-key-primitives.ts'
import type { Send } from './reply.ts'

export type ProofKey = { version: 1; suite: ProofSuite; fingerprint: string; key: Uint8Array }

const primitivesOf = async (suite: ProofSuite): Promise<KeyPrimitives> => {
  const { loadTwofish, nobleKeyPrimitives } = await loadKeyPrimitives()
  return isWeakSuite(suite) ? loadTwofish() : nobleKeyPrimitives
}

/** base64 of a proof of `tm`; every one has an IV of its own. */
export const proveTm = async ({ suite, key }: Omit<ProofKey, 'fingerprint'>, tm: string): Promise<string> => {
  const iv = crypto.getRandomValues(new Uint8Array(ivBytesOf(suite)))
  return toBase64(makeProof(await primitivesOf(suite), suite, key, iv, tm))
}

export const createProofExchange =
  ({ send, clock }: { send: Send; clock: ClientClock }) =>
  async (suite: ProofSuite): Promise<ProofKey> => {
    const check = (isGood: boolean) => {
      if (!isGood) throw new ClientFailure('SERVER_NOT_TRUSTED')
    }
    const primitives = await primitivesOf(suite)
    const own = primitives.createExchangeKey()
    const { encType } = proofSuites[suite]
    const second = await sendStage(send, String(clock.now()), {
      ...{ stage: 1, keyPrint: '0', rsaPrint: '0', tempKey: '', pubKey: toPubKey(own.point, 'base64') },
      ...{ encType, status: '' },
    })
    check(second.message.stage === 2 && second.text('encType') === encType)
    const x = own.deriveX(readPublicKey(second.text('pubKey')) ?? new Uint8Array())
    if (!x) throw new ClientFailure('SERVER_NOT_TRUSTED')
    const key = proofKeyOf(primitives, suite, x)
    const fingerprint = keyPrintOf(key)
    const proof = fromBase64(second.text('tempKey')) ?? new Uint8Array()
    check(second.text('keyPrint') === fingerprint)
    check(checkProof(primitives, suite, key, proof, second.tm) !== undefined)

    const tm = String(clock.now())
    const tempKey = await proveTm({ version: 1, suite, key }, tm)
    const fourth = await sendStage(send, tm, { stage: 3, keyPrint: fingerprint, tempKey, status: 'ready' })
    check(fourth.message.stage === 4 && fourth.text('keyPrint') === fingerprint)
    return { version: 1, suite, fingerprint, key }
  }
