import { limit, text, whole } from '../../config/fields.ts'

export const limits = {
  passwordRange: limit(60, 60),
  passwordChange: limit(60, 10),
  passwordReset: limit(60, 10),
}

export const password = {
  freshSeconds: whole(
    300,
    0,
    86_400,
    'So long after its login a device may set a new password without the old one',
  ),
  breachedFile: text(
    '',
    'A file of leaked passwords, lines of SHA1:count ordered by SHA1, as Have I Been Pwned offers it; empty: none',
  ),
}
