/**
 * Refuses a parameter that the two engines would treat differently, or that would end the process: libsql
 * aborts on a boolean, cuts text at NUL and rounds integers beyond 2^53.
 */
export function checkParameters(parameters: readonly unknown[]): void {
  for (const [index, value] of parameters.entries()) {
    if (value === null || Buffer.isBuffer(value)) continue
    if (typeof value === 'string' && !value.includes('\0')) continue
    if (Number.isSafeInteger(value)) continue
    throw new TypeError(
      `parameter ${index + 1} must be a string without NUL, a safe integer, a Buffer or null, not ${describe(value)}`,
    )
  }
}

// Never the value itself: it may be a secret.
function describe(value: unknown): string {
  if (typeof value === 'string') return 'a string with NUL'
  if (typeof value === 'number') return 'another number'
  return typeof value === 'object' ? (value?.constructor?.name ?? 'an object') : typeof value
}
