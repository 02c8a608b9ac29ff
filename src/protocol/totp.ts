/**
 * The code of a provisioned device (RFC 6238: HMAC-SHA1, 6 digits, steps of 30 s from 0) and the XXTEA keys
 * that the old login server derives from it.
 */
import { createGuardrails, generateSync } from 'otplib'
import { concatBytes, toHex, utf8 } from './bytes.ts'
import type { Primitives } from './primitives.ts'

export const stepSeconds = 30
const stepMs = stepSeconds * 1_000
// Secrets of the old server have 16 characters, 10 bytes; otplib's own least length is 16 bytes.
const guardrails = createGuardrails({ MIN_SECRET_BYTES: 10 })

/** The step that contains a moment (milliseconds since 1970). */
export const stepAt = (nowMs: number) => Math.floor(nowMs / stepMs)

/** Six digits. @param secret base32, 16 to 64 characters. */
export const codeAt = (secret: string, step: number): string =>
  generateSync({ secret, epoch: step * stepSeconds, guardrails })

/** `number`: the code hashed as a number, leading zeros lost; `padded`: all six digits hashed. */
export type KeyForm = 'number' | 'padded'
/** The keys of one device in one step; `padded` only where it differs from `number`. */
export type StepKeys = { number: Int32Array; padded?: Int32Array }

/** `MD5(secret ‖ n)` in hex; the cipher reads its first 16 characters as its key. */
export const envelopeKeyText = (primitives: Primitives, secret: string, n: string): string =>
  toHex(primitives.md5(concatBytes(utf8(secret), utf8(n))))

const keyWords = (keyText: string) => new Int32Array(utf8(keyText.slice(0, 16)).slice().buffer)

/** @param compensation added to the code before it is hashed; with another than 0 there is no padded form. */
export const deriveStepKeys = (
  primitives: Primitives,
  secret: string,
  step: number,
  compensation = 0,
): StepKeys => {
  const code = codeAt(secret, step)
  const number = String(Number(code) + compensation)
  const key = (n: string) => keyWords(envelopeKeyText(primitives, secret, n))
  const padded = compensation === 0 && number !== code
  return { number: key(number), ...(padded && { padded: key(code) }) }
}

/** What a process remembers of a device's clock. Empty for a device that it doesn't know yet. */
export type ClockState = {
  /** Offset in steps that last opened, tried first. */
  lastOffset?: number
  apart?: Apart
  /** This device last needed the padded form. */
  padded?: boolean
}

/**
 * The device's clock is known to stand apart. `edgeMs` is how far into a step this was seen at the widest: a clock
 * that stands ahead opens in the next step from there on, one that stands behind in the last step up to there.
 */
export type Apart = { offset: 1 | -1; edgeMs: number; confirmedAt: number }

const hourMs = 3_600_000
/** A trip over the edge of a step explains so much, and no more. */
const tripMs = { ahead: 500, behind: 2_000 }
const doubtMs = 1_000

/**
 * Learns from an envelope that arrived at `nowMs` and opened at `step`. Old clients make the key of the reply
 * anew when it arrives, so only an offset that a trip over the edge can't explain may move the reply's key.
 */
export const learnClock = (state: ClockState, step: number, nowMs: number): ClockState => {
  const current = stepAt(nowMs)
  const into = nowMs - current * stepMs
  const offset = step - current
  const { apart: before, ...rest } = state
  const apart = learnApart(before, offset, into, nowMs)
  return { ...rest, lastOffset: offset, ...(apart && { apart }) }
}

const learnApart = (
  before: Apart | undefined,
  offset: number,
  into: number,
  nowMs: number,
): Apart | undefined => {
  if (offset === 1 && stepMs - into > tripMs.ahead) {
    const edgeMs = before?.offset === 1 ? Math.min(before.edgeMs, into) : into
    return { offset: 1, edgeMs, confirmedAt: nowMs }
  }
  if (offset === -1 && into > tripMs.behind) {
    const edgeMs = before?.offset === -1 ? Math.max(before.edgeMs, into) : into
    return { offset: -1, edgeMs, confirmedAt: nowMs }
  }
  if (!before || nowMs - before.confirmedAt > hourMs) return undefined
  const inside = before.offset === 1 ? into - before.edgeMs : before.edgeMs - into
  return offset === 0 && inside > doubtMs ? undefined : before
}

/** The step whose key seals the reply to an envelope that opened at `openedStep`. */
export const replyStep = (state: ClockState, openedStep: number, sealingMs: number): number => {
  if (state.apart) return openedStep
  return Math.min(Math.max(stepAt(sealingMs + 50), openedStep), openedStep + 1)
}
