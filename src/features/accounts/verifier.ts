/** What is kept of a password: a keyed digest of the client's hash, worthless without the server key. */
import type { ServerCrypto } from '../../adapters/crypto.ts'
import type { Random } from '../../adapters/random.ts'
import { concatBytes, utf8 } from '../../protocol/bytes.ts'

export type VerifierNeeds = {
  crypto: ServerCrypto
  random: Random
  pepper: { current: string; keys: Record<string, Uint8Array> }
  /** scrypt 2^15/8/3, for hashes under one fixed salt. */
  slowDown(secret: Uint8Array, salt: Uint8Array): Promise<Uint8Array>
}

const saltBytes = 36
/** Kept where a login has no password: no hash fits it. */
export const noVerifier = 'none'

/** The bcrypt cost of the hash; older verifiers do not say it. */
export const costOf = (verifier: string): number | undefined => Number(verifier.split('$')[4]) || undefined

/**
 * Forms: `hmac$kid$salt$mac$cost` where every login has a salt of its own, and `scrypt$kid$salt$mac$cost` where all share
 * one: there a thief with the pepper would hash each guess once for everybody, so the server slows it down too.
 */
export const createVerifiers = ({ crypto, random, pepper, slowDown }: VerifierNeeds) => {
  const forms: Record<string, (digest: Uint8Array, salt: Uint8Array) => Promise<Uint8Array>> = {
    hmac: async (digest) => digest,
    scrypt: slowDown,
  }
  const macOf = async (form: string, kid: string, salt: Uint8Array, clientHash: string) => {
    const [harden, key] = [forms[form], pepper.keys[kid]]
    if (!harden || !key) throw new Error(`The server key file has no pepper "${kid}", or the form is unknown`)
    return crypto.hmacSha256(key, await harden(crypto.sha256(concatBytes(utf8(clientHash), salt)), salt))
  }

  const create = async (clientHash: string, form: 'hmac' | 'scrypt', cost: number): Promise<string> => {
    const salt = random.bytes(saltBytes)
    const mac = await macOf(form, pepper.current, salt, clientHash)
    return [form, pepper.current, salt.toString('base64'), Buffer.from(mac).toString('base64'), cost].join(
      '$',
    )
  }

  return {
    create,
    /** Takes as long where there is no verifier. */
    verify: async (
      clientHash: string,
      verifier: string | undefined,
      form: 'hmac' | 'scrypt',
    ): Promise<boolean> => {
      if (verifier === undefined || verifier === noVerifier) {
        await macOf(form, pepper.current, random.bytes(saltBytes), clientHash)
        return false
      }
      const [kept = '', kid = '', salt = '', mac = ''] = verifier.split('$')
      const expected = Buffer.from(mac, 'base64')
      return crypto.isEqual(await macOf(kept, kid, Buffer.from(salt, 'base64'), clientHash), expected)
    },
  }
}

export type Verifiers = ReturnType<typeof createVerifiers>
