import type { Random } from '../../adapters/random.ts'

export type Dice = {
  /** At least 0, below 1. */
  next(): number
  between(least: number, most: number): number
  /** At least 0, below `count`; each equally likely. */
  below(count: number): number
  shuffle<T>(items: readonly T[]): T[]
}

const block = 4_096

/** Numbers from our randomness, drawn from blocks of bytes. */
export const createDice = (random: Random): Dice => {
  let bytes: Buffer = Buffer.alloc(0)
  let at = 0
  const word = () => {
    if (at + 4 > bytes.length) {
      bytes = random.bytes(block)
      at = 0
    }
    at += 4
    return bytes.readUInt32LE(at - 4)
  }
  const next = () => word() / 2 ** 32
  const below = (count: number): number => {
    const most = 2 ** 32 - (2 ** 32 % count)
    for (;;) {
      const number = word()
      if (number < most) return number % count
    }
  }
  return {
    next,
    below,
    between: (least, most) => least + next() * (most - least),
    shuffle: (items) => {
      const shuffled = [...items]
      for (let last = shuffled.length - 1; last > 0; last--) {
        const other = below(last + 1)
        const item = shuffled[last] as (typeof shuffled)[number]
        shuffled[last] = shuffled[other] as (typeof shuffled)[number]
        shuffled[other] = item
      }
      return shuffled
    },
  }
}
