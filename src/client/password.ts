/** From a password to what is sent for it. The password itself never leaves the client. */
import {
  isBcryptSalt,
  kdfName,
  normalKdfName,
  passwordText,
  randomSalt,
  randomSaltBytes,
} from '../protocol/password-kdf.ts'
import { isPasswordLong, judgePassword, prefixLength } from '../protocol/password-quality.ts'
import type { Send } from './call.ts'
import { ClientFailure, isFailure } from './failure.ts'
import type { KdfRecord, KdfWanted } from './kdf-record.ts'
import { noblePrimitives } from './primitives.ts'

export type KdfJob = { text: string; salt: string; cost: number }
/** The slow part of the password scheme: 31 characters. */
export type Kdf = (job: KdfJob) => Promise<string>

type Login = string | number

export type PasswordHashes = {
  salt: string
  clientHash: string
  nextClientHash?: string
  previousClientHash?: string
  number?: { salt: string; clientHash: string }
}

const runInWorker: Kdf = (job) => {
  // One expression, so that bundlers find the worker and bundle it.
  const worker = new Worker(new URL('./kdf-worker.js', import.meta.url), { type: 'module' })
  return new Promise<string>((resolve, reject) => {
    const fail = () => reject(new Error('the worker did not start or has failed'))
    worker.onmessage = ({ data }: MessageEvent<string>) => (data ? resolve(data) : fail())
    worker.onerror = fail
    worker.postMessage(job)
  }).finally(() => worker.terminate())
}

const loadBcrypt = () =>
  import('../protocol/bcrypt-text.ts').catch((cause) => {
    throw new ClientFailure('UNREACHABLE', { cause })
  })

const runInThread: Kdf = async ({ text, salt, cost }) => (await loadBcrypt()).bcryptText(text, salt, cost)

/**
 * bcrypt in a Worker where the runtime has them. A page may forbid them (CSP `worker-src`), and without a bundler a
 * Worker finds no packages (import maps don't apply in it). Then bcrypt runs in the page's thread, where bcryptjs yields
 * every 100 ms.
 */
export const createKdf = (): Kdf => {
  let hasWorkers = typeof Worker === 'function'
  return async function runKdf(job) {
    if (!hasWorkers) return runInThread(job)
    try {
      return await runInWorker(job)
    } catch {
      hasWorkers = false
      return runInThread(job)
    }
  }
}

/** Of one account: a server that asks for more wants the battery. */
const mostSalts = 5
/** bcrypt's least cost, and some three seconds on a fast machine. */
const costs = { min: 4, max: 15 }

const isCost = (cost: unknown): cost is number =>
  typeof cost === 'number' && Number.isInteger(cost) && cost >= costs.min && cost <= costs.max

export type HashOptions = {
  acceptNewKdf?: boolean
  /** Not normalised, as older clients hashed it. */
  asTyped?: boolean
  withNumber?: boolean
  /** Also at the cost of before a raise: the account may not have logged in since. */
  withPrevious?: boolean
}

/** What a server says a new password has to be hashed with. */
export type SaltsAndCosts = {
  cost: number
  next?: { cost: number } | undefined
  logins: readonly { salt: string }[]
}
export type NewHash = { salt: string; clientHash: string; nextClientHash?: string }

export type Hashed = {
  wanted: KdfWanted
  hashes: PasswordHashes
  /** An older client would have hashed this password otherwise. */
  isNormalised: boolean
}

export type PasswordsNeeds = {
  send: Send
  kdf: Kdf
  /** A lower cost is refused. */
  minimumCost: number
  record: KdfRecord
}

export const createPasswords = ({ send, kdf, minimumCost, record }: PasswordsNeeds) => {
  /** How this login was hashed before, if that counts. */
  const checkWanted = async (login: Login, wanted: KdfWanted, acceptNewKdf: boolean) => {
    const { salt, cost } = wanted
    if (cost < minimumCost) {
      throw new ClientFailure('KDF_TOO_WEAK', { info: `cost ${cost} is below minimumKdfCost ${minimumCost}` })
    }
    const before = acceptNewKdf ? undefined : await record.find(login)
    if (!before || (before.salt === salt && before.cost <= cost)) return before
    const what = before.salt === salt ? `cost ${cost} instead of ${before.cost}` : 'another salt'
    throw new ClientFailure('KDF_CHANGED', { info: `${what}; if that is right, pass acceptNewKdf: true` })
  }

  const isWeaker = (previous: { cost: number } | undefined, cost: number): previous is { cost: number } =>
    isCost(previous?.cost) && previous.cost < cost && previous.cost >= minimumCost

  /** A new password for each salt of an account. */
  const hashEach = async (
    password: string,
    { cost, next, logins }: SaltsAndCosts,
    asTyped = false,
  ): Promise<NewHash[]> => {
    const salts = [...new Set(logins.map(({ salt }) => salt))]
    const isKnown = isCost(cost) && salts.every(isBcryptSalt) && salts.length <= mostSalts
    if (!isKnown || (next && !isCost(next.cost))) throw new ClientFailure('KDF_UNKNOWN')
    if (cost < minimumCost) throw new ClientFailure('KDF_TOO_WEAK')
    const text = passwordText(noblePrimitives, asTyped ? password : password.normalize('NFC'))
    return Promise.all(
      salts.map(async (salt) => ({
        salt,
        clientHash: await kdf({ text, salt, cost }),
        ...(next && { nextClientHash: await kdf({ text, salt, cost: next.cost }) }),
      })),
    )
  }

  return {
    /**
     * Refuses a password that is short, made of the user's own name, or known to many. Only the first five digits of
     * SHA-1 sums leave the client. A server that cannot answer does not keep a user from registering.
     */
    checkNew: async (password: string, context: readonly string[]): Promise<void> => {
      const judged = judgePassword(noblePrimitives, password, context)
      if ('fault' in judged) throw new ClientFailure(judged.fault)
      const prefixes = [...new Set(judged.sums.map((sum) => sum.slice(0, prefixLength)))]
      const { ranges } = await send('/v1/password/range', { prefixes }).catch((error) => {
        if (isFailure(error, 'OPERATION_UNKNOWN', 'TOO_OFTEN', 'OVERLOADED')) return { ranges: [] }
        throw error
      })
      const known = new Set(
        ranges.flatMap(({ prefix, suffixes }) => suffixes.map((line) => prefix + line.slice(0, 35))),
      )
      if (judged.sums.some((sum) => known.has(sum))) throw new ClientFailure('PASSWORD_COMMON')
    },
    hashEach,
    /** The password of now, for one salt of the account. */
    hashOld: async (
      password: string,
      { cost, previous, salt }: { cost: number; previous?: { cost: number } | undefined; salt: string },
      asTyped = false,
    ) => {
      const hashAt = async (at: number) =>
        (await hashEach(password, { cost: at, logins: [{ salt }] }, asTyped))[0]?.clientHash ?? ''
      return {
        salt,
        clientHash: await hashAt(cost),
        ...(isWeaker(previous, cost) && { previousClientHash: await hashAt(previous.cost) }),
      }
    },
    /**
     * Asks for the salt of a login and hashes a password for it, at the next cost too when the server names a higher one.
     * `withNumber`: also for the number that registering will give, under a random salt, which tells nothing of the name.
     */
    hash: async (
      login: Login,
      password: string,
      { acceptNewKdf = false, asTyped = false, withNumber = false, withPrevious = false }: HashOptions = {},
    ): Promise<Hashed> => {
      if (!isPasswordLong(password)) throw new ClientFailure('PASSWORD_LENGTH')
      const asked = { login, kdfs: [normalKdfName] }
      const { kdf: name, salt, cost, next, previous } = await send('/v1/prelogin', asked)
      const isKnown =
        (name === kdfName || name === normalKdfName) && isBcryptSalt(String(salt)) && isCost(cost)
      if (!isKnown || (next && !isCost(next.cost))) throw new ClientFailure('KDF_UNKNOWN')
      const wanted = { salt, cost }
      const before = await checkWanted(login, wanted, acceptNewKdf)
      // A weaker hash leaves only a client that knows no stronger one of this login.
      const hasPrevious =
        withPrevious && isWeaker(previous, cost) && (!before || before.cost <= previous.cost)
      const normal = name === normalKdfName && !asTyped ? password.normalize('NFC') : password
      const text = passwordText(noblePrimitives, normal)
      const ownSalt = randomSalt(crypto.getRandomValues(new Uint8Array(randomSaltBytes)))
      const [clientHash, ownHash, previousHash] = await Promise.all([
        kdf({ text, salt, cost }),
        withNumber ? kdf({ text, salt: ownSalt, cost }) : undefined,
        hasPrevious ? kdf({ text, salt, cost: previous.cost }) : undefined,
      ])
      const hashes: PasswordHashes = { salt, clientHash }
      if (ownHash !== undefined) hashes.number = { salt: ownSalt, clientHash: ownHash }
      if (previousHash !== undefined) hashes.previousClientHash = previousHash
      if (next && next.cost >= cost) hashes.nextClientHash = await kdf({ text, salt, cost: next.cost })
      return { wanted, hashes, isNormalised: normal !== password }
    },
    /** The server has accepted a hash that was made so: from now on it may not ask for a weaker one. */
    remember: record.remember,
  }
}
