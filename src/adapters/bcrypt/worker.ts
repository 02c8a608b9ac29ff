import { hashSync } from 'bcryptjs'

/** Runs in a thread of its own: bcrypt of what the protocol calls the password's text. */
export const hashInThread = ({ text, setting }: { text: string; setting: string }): string =>
  hashSync(text, setting)
