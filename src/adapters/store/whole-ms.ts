/** Whole milliseconds, at least 1: of a life that somebody else began there may be nothing left by now. */
export const wholeMs = (ms: number) => {
  const whole = Math.max(1, Math.ceil(ms))
  if (!Number.isSafeInteger(whole)) throw new RangeError(`${ms} is not a time in milliseconds`)
  return whole
}
