/**
 * Key exchange version 2: both ends hash the whole transcript, the server signs the hash, and HKDF derives every key
 * from the shared secret. A client that holds the server's public key knows with whom it shares its keys.
 */
import { concatBytes, toHex, utf8 } from './bytes.ts'
import { createHkdf } from './hkdf.ts'
import type { KeyPrimitives } from './primitives.ts'
import { spkiOf } from './public-key.ts'
import { type SealedKeys, type SealedSuite, sealedSuites } from './sealed-envelope.ts'

export const nonceBytes = 32

/** Everything that both ends have seen, in the order in which it is hashed. */
export type Transcript = {
  appId: string
  suite: SealedSuite
  clientPoint: Uint8Array
  clientNonce: Uint8Array
  /** As in stage 1, "0" without RSA. */
  rsaPrint: string
  /** As in stage 1: the ids of the server keys that the client holds. */
  serverKeyIds: readonly string[]
  serverPoint: Uint8Array
  serverNonce: Uint8Array
  /** The id of the key that the server signs with. */
  serverKeyId: string
  /** `tm` of stage 2. */
  tm: string
}

const withLength = (part: Uint8Array) => {
  const length = new Uint8Array(4)
  new DataView(length.buffer).setUint32(0, part.length)
  return concatBytes(length, part)
}

/** SHA-256 over the parts, each preceded by its length (4 bytes, big-endian). */
export const hashTranscript = (primitives: KeyPrimitives, transcript: Transcript): Uint8Array => {
  const { clientPoint, clientNonce, serverPoint, serverNonce } = transcript
  const parts = [
    utf8('torii/kx/2'),
    utf8(transcript.appId),
    utf8(sealedSuites[transcript.suite].encType),
    spkiOf(clientPoint),
    clientNonce,
    utf8(transcript.rsaPrint),
    utf8(transcript.serverKeyIds.join(',')),
    spkiOf(serverPoint),
    serverNonce,
    utf8(transcript.serverKeyId),
    utf8(transcript.tm),
  ]
  return primitives.sha256(concatBytes(...parts.map(withLength)))
}

/** The bytes that the server signs (Ed25519, RFC 8032). */
export const signedText = (transcriptHash: Uint8Array): Uint8Array =>
  concatBytes(utf8('torii/kx/2 signature\0'), transcriptHash)

/** The stage a proof belongs to. The stage is part of the proof, so one cannot be sent back as another. */
export type Stage = 2 | 3 | 4
/** The proofs of the three stages that carry one, 32 bytes each. */
export type StageProofs = Record<Stage, Uint8Array>

/** All keys of an exchange. @param x the shared X coordinate, 32 bytes. */
export const deriveKeys = (
  primitives: KeyPrimitives,
  suite: SealedSuite,
  x: Uint8Array,
  transcriptHash: Uint8Array,
): { keys: SealedKeys; proofs: StageProofs } => {
  const expand = createHkdf(primitives, transcriptHash, x)
  const proofOf = (key: Uint8Array, stage: Stage) =>
    primitives.hmacSha256(key, concatBytes(utf8(`stage ${stage}\0`), transcriptHash))
  const serverProofKey = expand('torii/kx/2 server proof')
  const clientProofKey = expand('torii/kx/2 client proof')
  return {
    keys: {
      suite,
      fingerprint: toHex(expand('torii/kx/2 fingerprint', 16)),
      clientKey: expand('torii/kx/2 client'),
      serverKey: expand('torii/kx/2 server'),
    },
    proofs: {
      2: proofOf(serverProofKey, 2),
      3: proofOf(clientProofKey, 3),
      4: proofOf(serverProofKey, 4),
    },
  }
}

/** The id of an Ed25519 public key (32 bytes): the first 8 bytes of its SHA-256, in hex. */
export const serverKeyIdOf = (primitives: Pick<KeyPrimitives, 'sha256'>, publicKey: Uint8Array): string =>
  toHex(primitives.sha256(publicKey).subarray(0, 8))
