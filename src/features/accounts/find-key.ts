import type { Addresses } from '../addresses/api.ts'
import { canonicalLogin, loginKeyOf } from './login-keys.ts'

/** What was typed as a login to the key of its verifier: a user number, a user name, an e-mail address or a phone. */
export const createFindKey =
  (addresses: Pick<Addresses, 'parseLogin'>) =>
  async (typed: string): Promise<Buffer> => {
    const address = await addresses.parseLogin(typed)
    return address?.key ?? loginKeyOf(canonicalLogin(typed))
  }

export type FindKey = ReturnType<typeof createFindKey>
