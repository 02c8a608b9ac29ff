/** Proof of work in ALTCHA's first wire form. Nothing is kept until it is solved. */

import type { Clock } from '../../adapters/clock.ts'
import type { ServerCrypto } from '../../adapters/crypto.ts'
import type { Random } from '../../adapters/random.ts'
import { toHex, utf8 } from '../../protocol/bytes.ts'
import { createDice } from './dice.ts'

export type WorkNeeds = {
  clock: Clock
  random: Random
  crypto: ServerCrypto
  key: Uint8Array
  lifeMs: number
}

/** What a challenge is good for. */
export type Binding = { purpose: string; appId: string; network: string }

export type WorkResult =
  | { outcome: 'right'; signature: string; lifeMs: number }
  | { outcome: 'wrong' | 'over' }

const algorithm = 'SHA-256'
const longestPayload = 2_000

export const createWork = ({ clock, random, crypto, key, lifeMs }: WorkNeeds) => {
  const dice = createDice(random)
  const mac = (label: string, text: string) => toHex(crypto.hmacSha256(key, utf8(`${label}\0${text}`)))
  // Ended by &: else digits of the number could be moved into the salt.
  const saltOf = (nonce: string, binding: string, most: number, expires: number) =>
    `${nonce}?expires=${expires}&for=${binding}&most=${most}&`
  const bind = ({ purpose, appId, network }: Binding) =>
    mac('captcha binding', `${purpose}\0${appId}\0${network}`).slice(0, 16)
  const challengeOf = (salt: string, number: number) => toHex(crypto.sha256(utf8(salt + number)))
  const isSame = (one: string, other: string) => crypto.isEqual(utf8(one), utf8(other))

  return {
    create: (binding: Binding, most: number) => {
      const expires = Math.floor((clock.now() + lifeMs) / 1_000)
      const salt = saltOf(toHex(random.bytes(12)), bind(binding), most, expires)
      const challenge = challengeOf(salt, dice.below(most + 1))
      return { algorithm, challenge, maxnumber: most, salt, signature: mac('captcha work', challenge) }
    },
    /** `least`: the lowest difficulty that counts now. The caller still has to use the signature up. */
    check: (payload: string, binding: Binding, least: number): WorkResult => {
      const sent = readPayload(payload)
      if (!sent || sent.algorithm !== algorithm) return { outcome: 'wrong' }
      const { challenge, number, salt, signature } = sent
      const [, nonce = '', expires = '', bound = '', most = ''] =
        /^([0-9a-f]{24})\?expires=(\d{10})&for=([0-9a-f]{16})&most=(\d{1,9})&$/.exec(salt) ?? []
      if (nonce === '' || !isSame(signature, mac('captcha work', challenge))) return { outcome: 'wrong' }
      if (!isSame(challenge, challengeOf(salt, number))) return { outcome: 'wrong' }
      if (!isSame(bound, bind(binding)) || Number(most) < least) return { outcome: 'wrong' }
      const left = Number(expires) * 1_000 - clock.now()
      return left <= 0 ? { outcome: 'over' } : { outcome: 'right', signature, lifeMs: left }
    },
  }
}

type Payload = { algorithm: string; challenge: string; number: number; salt: string; signature: string }

/** The base64 of JSON with these five members; undefined for anything else. */
const readPayload = (text: string): Payload | undefined => {
  if (text.length > longestPayload) return undefined
  try {
    const { algorithm, challenge, number, salt, signature } = JSON.parse(
      Buffer.from(text, 'base64').toString(),
    )
    const isText = [algorithm, challenge, salt, signature].every((it) => typeof it === 'string')
    return isText && Number.isSafeInteger(number) && number >= 0
      ? { algorithm, challenge, number, salt, signature }
      : undefined
  } catch {
    return undefined
  }
}
