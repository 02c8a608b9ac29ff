/** What was used up: marks, and the numbers of a sliding window. */
export type Ledger = { marks: Set<string>; numbers: Set<number>; highest: number }

export const createLedger = (marks: readonly string[]): Ledger => ({
  marks: new Set(marks),
  numbers: new Set(),
  highest: 0,
})

export const sizeOfLedger = ({ marks, numbers }: Ledger) => marks.size + numbers.size

/** What `consume` answers; enters nothing. */
export function judgeMarks(ledger: Ledger, marks: readonly string[], most: number) {
  if (marks.some((mark) => ledger.marks.has(mark))) return 'seen'
  return ledger.marks.size + marks.length > most ? 'full' : 'consumed'
}

/** What `slide` answers; remembers nothing. */
export function judgeNumber({ numbers, highest }: Ledger, number: number, width: number, jump: number) {
  if (number <= highest - width) return 'behind'
  if (number > highest + jump) return 'ahead'
  return numbers.has(number) ? 'seen' : 'fresh'
}

/** Remembers a fresh number and forgets what thereby falls out of the window. */
export function enterNumber(ledger: Ledger, number: number, width: number) {
  ledger.numbers.add(number)
  if (number <= ledger.highest) return
  ledger.highest = number
  for (const known of ledger.numbers) if (known <= number - width) ledger.numbers.delete(known)
}

/** Numbers beyond 2^53 would no longer be told apart. */
export function checkSlide(...numbers: readonly number[]) {
  for (const number of numbers)
    if (!Number.isSafeInteger(number) || number < 1)
      throw new RangeError(`${number} is not a whole number from 1 to 2^53 - 1`)
}
