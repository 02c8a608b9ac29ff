import { hmac } from '@noble/hashes/hmac.js'
import { md5, sha1 } from '@noble/hashes/legacy.js'
import { sha256 } from '@noble/hashes/sha2.js'
import type { Primitives } from '../protocol/primitives.ts'
import { ClientFailure } from './failure.ts'

/** The protocol's primitives in plain JavaScript, for every runtime. */
export const noblePrimitives: Primitives = {
  md5: (data) => md5(data),
  sha1: (data) => sha1(data),
  sha256: (data) => sha256(data),
  hmacSha256: (key, data) => hmac(sha256, key, data),
}

/** Ciphers and curves, loaded when a key is first used: they are most of what a page would load. */
export const loadKeyPrimitives = () =>
  import('./key-primitives.ts').catch((cause) => {
    throw new ClientFailure('UNREACHABLE', { cause })
  })
