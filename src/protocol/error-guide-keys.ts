/** The part of the guide about hello and key exchange. */
import type { Guide } from './error-guide.ts'
import type { ErrorName } from './errors.ts'

export const keyGuide = {
  KX_VERSION: {
    section: 'Hello and key exchange',
    when: '`version` of the frame is not 1.',
    todo: 'Update the client.',
  },
  KX_KEY_PRINT: {
    section: 'Hello and key exchange',
    when: 'The server does not know this key (any more), or the proof is missing or wrong.',
    todo: 'Delete the key and exchange a new one.',
  },
  KX_REDIRECT: {
    section: 'Hello and key exchange',
    when: 'The user belongs to another server; `redirect` has its base URL. The password was right.',
    todo: 'Say hello there on the same key. Accept only base URLs that the app lists.',
  },
  KX_RSA_PRINT: {
    section: 'Hello and key exchange',
    when: '`rsaPrint` names no RSA key of this server.',
    todo: 'Fetch `/v1/server-keys`, or omit `rsaPrint` and send `pubKey`.',
  },
  KX_TEMP_KEY: {
    section: 'Hello and key exchange',
    when: '`tempKey` cannot be unwrapped, or it is not the proof of this message.',
    todo: 'Check the derivation against the vectors named in protocol.md.',
  },
  KX_ENC_TYPE: {
    section: 'Hello and key exchange',
    when: '`encType` is none that this server offers.',
    todo: 'Version 2: `AES-256-GCM`. Version 1: `AES-CTR`.',
  },
  KX_STAGE: {
    section: 'Hello and key exchange',
    when: '`stage` is not one that a client sends: 1 or 3, or `clienthello` in a hello.',
    todo: 'Correct the client.',
  },
  KX_PUBLIC_KEY: {
    section: 'Hello and key exchange',
    when: '`pubKey` is not a P-256 public key in the one encoding that is accepted.',
    todo: 'Send the SubjectPublicKeyInfo (91 bytes) as PEM or base64.',
  },
  KX_KEY_CONFLICT: {
    section: 'Hello and key exchange',
    when: 'Three keys in a row had fingerprints that are taken.',
    todo: 'Begin the exchange again.',
  },
  KX_CHECK_DATA: {
    section: 'Hello and key exchange',
    when: 'The server has seen this proof, or another one with the same IV.',
    todo: 'Keep the key. Make a proof with a fresh `tm` and a fresh IV.',
  },
  KX_CONTENT: {
    section: 'Hello and key exchange',
    when: 'A part of the frame is missing or malformed. `info` names it.',
    todo: 'Correct the client.',
  },
} as const satisfies { [Name in ErrorName]?: Guide }
