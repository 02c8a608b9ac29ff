/** The `totp` envelope: parameters `t` (which device) and `j` (XXTEA under a key from the device's code). */
import { fromBase64url, readUtf8, toBase64url, utf8 } from './bytes.ts'
import type { KeyForm, StepKeys } from './totp.ts'
import { decryptXxtea, encryptXxtea } from './xxtea.ts'

/** `t`: 32 lower-case hex characters. */
export const isDeviceId = (text: string) => /^[0-9a-f]{32}$/.test(text)

/** The bytes of `j`; undefined unless it is canonical base64url of whole words within the limit (characters). */
export const readEnvelope = (j: string, maxLength: number): Uint8Array | undefined => {
  if (j.length > maxLength) return undefined
  const bytes = fromBase64url(j)
  return bytes && bytes.length >= 8 && bytes.length % 4 === 0 ? bytes : undefined
}

export type OpenedEnvelope = { text: string; step: number; form: KeyForm }

const forms = ['number', 'padded'] as const
const offsets = [0, -1, 1]

/**
 * Tries the steps of the window (the current one, the one before, the one after; the offset that last opened
 * first), in number form first. At most six keys, never wider.
 */
export const openEnvelope = (
  bytes: Uint8Array,
  keysAt: (step: number) => StepKeys,
  currentStep: number,
  lastOffset = 0,
): OpenedEnvelope | undefined => {
  const order = [lastOffset, ...offsets.filter((offset) => offset !== lastOffset)]
  for (const form of forms) {
    for (const offset of order) {
      const step = currentStep + offset
      const key = keysAt(step)[form]
      const plaintext = key && decryptXxtea(bytes, key)
      const text = plaintext && readUtf8(plaintext)
      if (text !== undefined) return { text, step, form }
    }
  }
  return undefined
}

/** Seals a text under one key: base64url of XXTEA. */
export const sealEnvelope = (text: string, key: Int32Array): string =>
  toBase64url(encryptXxtea(utf8(text), key))
