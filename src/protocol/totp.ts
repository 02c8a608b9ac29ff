/**
 * The code of a provisioned device (RFC 6238: HMAC-SHA1, 6 digits, steps of 30 s from 0), and the XXTEA keys that
 * the `totp` envelope derives from it.
 */
import { createGuardrails, generateSync } from 'otplib'
import { concatBytes, toHex, utf8 } from './bytes.ts'
import type { Primitives } from './primitives.ts'

export const stepSeconds = 30
const stepMs = stepSeconds * 1_000
// Imported secrets of the old server have 16 characters, 10 bytes; otplib's minimum is 16 bytes.
const guardrails = createGuardrails({ MIN_SECRET_BYTES: 10 })

/** The step of a moment (milliseconds since 1970). */
export const stepAt = (nowMs: number) => Math.floor(nowMs / stepMs)

/** Six digits. @param secret base32, 16 to 64 characters. */
export const codeAt = (secret: string, step: number): string =>
  generateSync({ secret, epoch: step * stepSeconds, guardrails })

/** `number`: the code is hashed as a number, without leading zeros; `padded`: all six digits are hashed. */
export type KeyForm = 'number' | 'padded'
/** The keys of one device in one step; `padded` only where it differs from `number`. */
export type StepKeys = { number: Int32Array; padded?: Int32Array }

/** `MD5(secret ‖ n)` in hex; the cipher reads its first 16 characters as its key. */
export const envelopeKeyText = (primitives: Primitives, secret: string, n: string): string =>
  toHex(primitives.md5(concatBytes(utf8(secret), utf8(n))))

const keyWords = (keyText: string) => new Int32Array(utf8(keyText.slice(0, 16)).slice().buffer)

/** @param compensation added to the code before it is hashed; unless it is 0, there is no padded form. */
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

/** What a process remembers of a device's clock; empty for a device it has not seen. */
export type ClockState = {
  /** The offset, in steps, that last opened an envelope; tried first. */
  lastOffset?: number
  apart?: Apart
  /** This device last needed the padded form. */
  padded?: boolean
  /** When the last reply was sealed, until a call has followed it. */
  sealedAt?: number
  /** The shortest time lately between a reply and the next call: no shorter than a round trip. */
  roundTripMs?: number
}

/**
 * The device's clock is known to differ. `edgeMs` is the widest point in a step at which that was seen: from there on
 * a clock that is ahead uses the next step, and up to there a clock that is behind uses the previous step.
 */
export type Apart = { offset: 1 | -1; edgeMs: number; confirmedAt: number }

const hourMs = 3_600_000
/** The time in transit that can explain an envelope of a neighbouring step. */
const tripMs = { ahead: 500, behind: 2_000 }
const doubtMs = 1_000

/**
 * Learns from an envelope that arrived at `nowMs` and opened at `step`. Old clients derive the key of the reply when
 * it arrives, so the reply's key moves only for an offset that time in transit cannot explain.
 */
export const learnClock = (state: ClockState, step: number, nowMs: number): ClockState => {
  const current = stepAt(nowMs)
  const into = nowMs - current * stepMs
  const offset = step - current
  const { apart: before, sealedAt, ...rest } = state
  const apart = learnApart(before, offset, into, nowMs)
  const roundTripMs = learnRoundTrip(state, nowMs)
  return {
    ...rest,
    lastOffset: offset,
    ...(apart && { apart }),
    ...(roundTripMs !== undefined && { roundTripMs }),
  }
}

/** A reply was sealed: the time until the device's next call bounds its round trip. */
export const learnSealed = (state: ClockState, nowMs: number): ClockState => ({ ...state, sealedAt: nowMs })

/** Follows a shorter time at once and a longer one slowly: most calls follow a reply after a pause. */
const learnRoundTrip = ({ sealedAt, roundTripMs: before }: ClockState, nowMs: number): number | undefined => {
  if (sealedAt === undefined || nowMs < sealedAt) return before
  const gapMs = nowMs - sealedAt
  return before === undefined ? gapMs : Math.min(gapMs, before * 1.1 + 1)
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

/** A reply that came later than this waited for something to happen: the device may be in its next step. */
const longWaitMs = 2_000

/** Where a clock that is apart is by now, as far as its edge is known. */
const stepOfDevice = ({ offset, edgeMs }: Apart, nowMs: number): number => {
  const current = stepAt(nowMs)
  const into = nowMs - current * stepMs
  const isBeside = offset === 1 ? into >= edgeMs : into <= edgeMs
  return isBeside ? current + offset : current
}

/** The longest trip of a reply that is allowed for. */
const maxMarginMs = 50

/**
 * The step whose key seals the reply to an envelope of `openedStep`: that of its arrival, half a round trip from now. Old
 * clients on a fast line could not open what is sealed for a step that has not begun when it arrives.
 */
export const replyStep = (state: ClockState, openedStep: number, sealingMs: number, waitedMs = 0): number => {
  if (state.apart && waitedMs < longWaitMs) return openedStep
  if (state.apart) return Math.min(Math.max(stepOfDevice(state.apart, sealingMs), openedStep), openedStep + 1)
  const marginMs = Math.min(maxMarginMs, (state.roundTripMs ?? Number.POSITIVE_INFINITY) / 2)
  return Math.min(Math.max(stepAt(sealingMs + marginMs), openedStep), openedStep + 1)
}
