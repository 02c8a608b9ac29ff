/** What every source gives: requests one after another, and how their replies are judged. */
import type { SealedKeys } from '../../src/protocol/sealed-envelope.ts'
import type { SealedCall } from './sources.ts'

export type Shot = {
  bytes: Buffer
  call?: SealedCall
  stage?: 1 | 3
  sealed?: { keys: SealedKeys; tag: Uint8Array }
}
export type Source = {
  next(): Shot
  /** What is wrong with the reply; undefined: nothing. */
  judge(shot: Shot, status: number, body: Buffer): string | undefined
}

/** One after the other, for ever. */
export const createTurn = <T>(items: readonly T[]): (() => T) => {
  let index = -1
  return () => {
    index = (index + 1) % items.length
    const item = items[index]
    if (item === undefined) throw new Error('nothing to send')
    return item
  }
}
