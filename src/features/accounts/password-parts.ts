import type { World } from '../feature.ts'
import { createPasswords } from './passwords.ts'
import { createVerifiers } from './verifier.ts'

type Needs = Pick<World, 'crypto' | 'random' | 'key' | 'config' | 'hashPassword' | 'slowDown'>

export const createPasswordParts = ({ crypto, random, key, config, hashPassword, slowDown }: Needs) => ({
  passwords: createPasswords({ crypto, saltKey: key.saltKey, config: config.password, hashPassword }),
  verifiers: createVerifiers({ crypto, random, pepper: key.pepper, slowDown }),
})
