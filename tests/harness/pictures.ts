/** Reads picture captchas as a person would: from the randomness that drew them. */
import { type Random, systemRandom } from '../../src/adapters/random.ts'
import { drawText } from '../../src/features/captcha/picture.ts'

/** The randomness of a server, and the text of the picture that it drew last. */
export const createReadableRandom = () => {
  const drawn: Buffer[] = []
  let block: Buffer = Buffer.alloc(0)
  const random: Random = {
    bytes: (length) => {
      const bytes = systemRandom.bytes(length)
      // A picture takes a block for its text, 16 bytes for its id, and a block for its lines.
      if (length === 16 && block.length > 0) drawn.push(block)
      block = length === 4_096 ? bytes : Buffer.alloc(0)
      return bytes
    },
  }
  const read = (length = 5): string => {
    const bytes = drawn.at(-1)
    if (!bytes) throw new Error('no picture was drawn')
    return drawText({ bytes: () => bytes }, length)
  }
  return { random, read }
}
