import { limit, text } from '../../config/fields.ts'

export const limits = { passwordRange: limit(60, 60) }

export const password = {
  breachedFile: text(
    '',
    'A file of leaked passwords, lines of SHA1:count ordered by SHA1, as Have I Been Pwned offers it; empty: none',
  ),
}
