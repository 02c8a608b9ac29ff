/** bcrypt in plain JavaScript. A file of its own: a page loads it only where no Worker can run it. */
import { hash } from 'bcryptjs'

/** The slow part: 31 characters. @param text from `passwordText`. @param cost bcrypt's, 4 to 15. */
export const bcryptText = async (text: string, salt: string, cost: number): Promise<string> =>
  (await hash(text, `$2b$${String(cost).padStart(2, '0')}$${salt}`)).slice(-31)
