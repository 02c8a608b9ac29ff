/** Whole milliseconds, at least 1: a lifetime that another call began may have run out by now. */
export const wholeMs = (ms: number) => {
  const whole = Math.max(1, Math.ceil(ms))
  if (!Number.isSafeInteger(whole)) throw new RangeError(`${ms} is not a time in milliseconds`)
  return whole
}
