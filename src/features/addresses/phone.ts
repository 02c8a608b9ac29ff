/** What is a phone number, and when two are the same. */
import type { ReadPhone } from '../../adapters/phone-numbers.ts'
import { Failure } from '../../protocol/errors.ts'
import type { Address } from './api.ts'

/** Fifteen digits (E.164), and the signs that people write between them. */
const longest = 40
const between = /[\s().\-/\u2010-\u2015]+/gu
const written = /^\+?\p{Nd}{7,20}$/u

/** Digits and `+` alone, or undefined for what does not look like a phone number. */
const digitsOf = (typed: string): string | undefined => {
  if (typed.length > longest) return undefined
  const text = typed.normalize('NFKC').replace(between, '')
  return written.test(text) ? text : undefined
}

/** Undefined for what is no mobile number. */
export const findPhone = (typed: string, region: string, readPhone: ReadPhone): Address | undefined => {
  const text = digitsOf(typed)
  const found = text === undefined ? undefined : readPhone(text, region)
  if (!found) return undefined
  const { number, country } = found
  return { kind: 'phone', text: number, key: Buffer.from(`phone:${number}`), country }
}

/** Throws PHONE_INVALID. */
export const parsePhone = (typed: string, region: string, readPhone: ReadPhone): Address => {
  const found = findPhone(typed, region, readPhone)
  if (!found) throw new Failure('PHONE_INVALID')
  return found
}

/** A login that is written like a phone number: with `+`, or in digits where numbers have a region of their own. */
export const looksLikePhone = (typed: string, region: string): boolean => {
  const text = digitsOf(typed)
  return text !== undefined && (text.startsWith('+') || region !== '')
}
