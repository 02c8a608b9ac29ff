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

export type OpenedEnvelope<Text> = { text: Text; step: number; form: KeyForm }

const forms = ['number', 'padded'] as const
const offsets = [0, -1, 1]

/** Reads an opened plaintext; returns undefined when it is not acceptable, so that the key counts as wrong. */
export type ReadText<Text> = (plaintext: Uint8Array) => Text | undefined

const brace = 0x7b

/** Reads JSON as text and a protobuf frame as bytes. No such frame begins with a brace. */
export const readFrameText: ReadText<string | Uint8Array> = (plaintext) =>
  plaintext[0] === brace ? readUtf8(plaintext) : plaintext

/**
 * Tries the keys of the current step, the one before and the one after: the number form before the padded form, and
 * the offset that last opened first. At most six keys; the window is never wider.
 */
export const openEnvelope = <Text extends string | Uint8Array = string>(
  bytes: Uint8Array,
  keysAt: (step: number) => StepKeys,
  currentStep: number,
  lastOffset = 0,
  read = readUtf8 as ReadText<Text>,
): OpenedEnvelope<Text> | undefined => {
  const order = [lastOffset, ...offsets.filter((offset) => offset !== lastOffset)]
  for (const form of forms) {
    for (const offset of order) {
      const step = currentStep + offset
      const key = keysAt(step)[form]
      const plaintext = key && decryptXxtea(bytes, key)
      const text = plaintext && read(plaintext)
      if (text !== undefined) return { text, step, form }
    }
  }
  return undefined
}

/** Seals a text, or bytes, under one key: base64url of XXTEA. */
export const sealEnvelope = (text: string | Uint8Array, key: Int32Array): string =>
  toBase64url(encryptXxtea(typeof text === 'string' ? utf8(text) : text, key))
