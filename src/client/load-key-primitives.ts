import { ClientFailure } from './failure.ts'

/** Ciphers and curves, loaded where a key is first used: without one they would be most of what a page loads. */
export const loadKeyPrimitives = () =>
  import('./key-primitives.ts').catch((cause) => {
    throw new ClientFailure('UNREACHABLE', { cause })
  })
