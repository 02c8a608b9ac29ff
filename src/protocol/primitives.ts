/**
 * The primitives that the protocol needs, handed in as a value: the server brings node:crypto, the SDK brings
 * the noble packages, and both pass the same vectors.
 */
export type Primitives = {
  md5(data: Uint8Array): Uint8Array
  sha256(data: Uint8Array): Uint8Array
  hmacSha256(key: Uint8Array, data: Uint8Array): Uint8Array
}
