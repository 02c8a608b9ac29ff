import type { World } from '../feature.ts'
import { createPasswords } from './passwords.ts'
import { createVerifiers } from './verifier.ts'

type Needs = Pick<
  World,
  'crypto' | 'random' | 'key' | 'config' | 'passwordCosts' | 'hashPassword' | 'slowDown'
>

export const createPasswordParts = (needs: Needs) => {
  const { crypto, random, key, config, passwordCosts, hashPassword, slowDown } = needs
  const { clientSalt } = config.password
  return {
    passwords: createPasswords({
      crypto,
      saltKey: key.saltKey,
      clientSalt,
      costs: passwordCosts.now,
      hashPassword,
    }),
    verifiers: createVerifiers({ crypto, random, pepper: key.pepper, slowDown }),
  }
}
