import { hashSync } from 'bcryptjs'

/** Runs in a thread of its own: bcrypt of what the protocol calls the password's text, and the time that it took. */
export const hashInThread = ({ text, setting }: { text: string; setting: string }) => {
  const started = performance.now()
  return { hash: hashSync(text, setting), ms: performance.now() - started }
}
