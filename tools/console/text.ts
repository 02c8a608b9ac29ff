/** How answers look: aligned columns for people, JSON for programs. */

// Some of what is shown was chosen by callers: it must not move the cursor, nor hide or turn text around.
const invisible = /[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\p{Cs}\p{Default_Ignorable_Code_Point}\u2800\u{1d159}]/gu
const wide =
  /[\u1100-\u115f\u2e80-\ua4cf\uac00-\ud7a3\uf900-\ufaff\ufe30-\ufe6f\uff00-\uff60\uffe0-\uffe6\u{1f300}-\u{1f9ff}\u{20000}-\u{3fffd}]/u

/** As JSON writes it: by units of 16 bits. */
const escapeLetter = (letter: string) =>
  letter
    .split('')
    .map((unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, '0')}`)
    .join('')

/** The text with everything escaped that is not seen. */
export const visible = (text: string) => text.replace(invisible, escapeLetter)

const widthOf = (text: string) => {
  let width = 0
  for (const letter of text) width += wide.test(letter) ? 2 : 1
  return width
}

/** Rows whose columns stand under one another. */
export const alignRows = (rows: readonly (readonly string[])[]): string[] => {
  const shown = rows.map((row) => row.map(visible))
  const widths: number[] = []
  for (const row of shown) {
    for (const [at, cell] of row.entries()) widths[at] = Math.max(widths[at] ?? 0, widthOf(cell))
  }
  const pad = (cell: string, at: number) => cell + ' '.repeat((widths[at] ?? 0) - widthOf(cell))
  return shown.map((row) => row.map(pad).join('  ').trimEnd())
}

/** Name and value, one pair a line. */
export const alignFields = (fields: Record<string, string>) => alignRows(Object.entries(fields))

/** ISO 8601 in UTC, to the second. */
export const isoTime = (ms: number) => new Date(ms).toISOString().replace(/\.\d{3}Z$/, 'Z')

/** The same value to every parser, and nothing in it that a terminal would obey. */
export const toJson = (value: unknown) =>
  JSON.stringify(value, null, 2).replace(
    /[\u007f-\u009f\p{Cf}\p{Zl}\p{Zp}\p{Default_Ignorable_Code_Point}\u2800\u{1d159}]/gu,
    escapeLetter,
  )
