/** The digits of a code: drawn, and read as people type them. */
import type { Random } from '../../adapters/random.ts'

const codes = 1_000_000
const digits = 6
/** Above this, a remainder would favour the low codes. */
const fair = Math.floor(2 ** 32 / codes) * codes

export const drawCode = (random: Random): string => {
  for (;;) {
    const drawn = random.bytes(4).readUInt32BE()
    if (drawn < fair) return String(drawn % codes).padStart(digits, '0')
  }
}

/**
 * Six digits, or undefined for what cannot be a code. A number has lost its leading zeros. Phones type full-width
 * digits, and people type what a mail shows in groups.
 */
export const readCode = (typed: string | number): string | undefined => {
  if (typeof typed === 'number') return String(typed).padStart(digits, '0')
  const text = typed.normalize('NFKC').replace(/[\s-]+/gu, '')
  return /^[0-9]{6}$/.test(text) ? text : undefined
}
