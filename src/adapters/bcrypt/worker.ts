import { platform, setPriority } from 'node:os'
import { hashSync } from 'bcryptjs'

// Linux counts niceness by thread: on a single core the hashing thread then gets a third of it, and half without. Elsewhere
// it would be the whole process that lets others go first.
if (platform() === 'linux') setPriority(3)

/** Runs in a thread of its own: bcrypt of what the protocol calls the password's text, and the time that it took. */
export const hashInThread = ({ text, setting }: { text: string; setting: string }) => {
  const started = performance.now()
  return { hash: hashSync(text, setting), ms: performance.now() - started }
}
