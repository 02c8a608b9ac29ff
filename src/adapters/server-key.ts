import { createHash, createHmac, generateKeyPairSync } from 'node:crypto'
import { existsSync, linkSync, mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { dirname } from 'node:path'
import type { Random } from './random.ts'
import { StartError } from './start-error.ts'

/** Several keys of one purpose, by id: all are known, `current` makes new values. */
export type KeyRing = { current: string; keys: Record<string, Buffer> }

/** The named keys of a server. `saltKey` gives every login its salt and is never rotated. */
export type ServerKey = {
  atRest: KeyRing
  pepper: KeyRing
  ticket: Buffer
  /** Seeds of the Ed25519 keys that sign key exchanges. */
  identity: KeyRing
  /** RSA keys (PKCS #8) that stage 1 may be wrapped for; there may be none. */
  rsa: KeyRing | undefined
  /** Seeds of the keys that sign JWTs. */
  signing: KeyRing
  saltKey: Buffer
  /** Tells two server keys apart; kept in the database. Depends on what is never rotated alone. */
  fingerprint: string
}

/** The keys of a ring, the current one first. */
export const listRing = ({ current, keys }: KeyRing): Buffer[] =>
  Object.entries(keys)
    .sort(([a], [b]) => Number(b === current) - Number(a === current))
    .map(([, key]) => key)

const bytesOf = (value: unknown, name: string): Buffer => {
  const bytes = Buffer.from(typeof value === 'string' ? value : '', 'base64')
  if (bytes.length !== 32) throw new StartError(`${name} must be 32 bytes in base64`)
  return bytes
}

const pkcs8Of = (value: unknown, name: string): Buffer => {
  const bytes = Buffer.from(typeof value === 'string' ? value : '', 'base64')
  if (bytes.length < 256) throw new StartError(`${name} must be PKCS #8 in base64`)
  return bytes
}

/** Files of the first version have one key where a ring is now. */
const identityOf = (value: unknown): KeyRing =>
  typeof value === 'string'
    ? { current: 'k1', keys: { k1: bytesOf(value, 'identity') } }
    : ringOf(value, 'identity')

const ringOf = (value: unknown, name: string, read = bytesOf): KeyRing => {
  const ring = value as { current?: unknown; keys?: Record<string, unknown> } | undefined
  const current = typeof ring?.current === 'string' ? ring.current : ''
  const entries = Object.entries(ring?.keys ?? {})
  const keys = Object.fromEntries(entries.map(([id, key]) => [id, read(key, `${name}.keys.${id}`)]))
  for (const id of Object.keys(keys)) {
    if (!/^[a-z0-9]{1,8}$/.test(id)) throw new StartError(`${name} has a bad key id, expected [a-z0-9]{1,8}`)
  }
  if (!keys[current]) throw new StartError(`${name}.current names no key`)
  return { current, keys }
}

/** Of a file from before there were JWTs: the same in every process, as `torii key rotate` writes it into the file. */
const firstSigningKey = (saltKey: Buffer): Buffer =>
  createHmac('sha256', saltKey).update('torii signing').digest()

/** Reads the JSON of a key file; throws an Error that names the faulty member, never its value. */
export const parseServerKey = (text: string): ServerKey => {
  let value: Record<string, unknown>
  try {
    value = JSON.parse(text)
  } catch {
    throw new StartError('this is no server key; restore it from its copy')
  }
  const saltKey = bytesOf(value.saltKey, 'saltKey')
  return {
    atRest: ringOf(value.atRest, 'atRest'),
    pepper: ringOf(value.pepper, 'pepper'),
    ticket: bytesOf(value.ticket, 'ticket'),
    identity: identityOf(value.identity),
    rsa: value.rsa === undefined ? undefined : ringOf(value.rsa, 'rsa', pkcs8Of),
    signing:
      value.signing === undefined
        ? { current: 'k1', keys: { k1: firstSigningKey(saltKey) } }
        : ringOf(value.signing, 'signing'),
    saltKey,
    fingerprint: createHash('sha256').update('torii server key\0').update(saltKey).digest('hex').slice(0, 32),
  }
}

/** The text of a new key file. */
export const generateServerKey = (random: Random): string => {
  const key = () => random.bytes(32).toString('base64')
  const ring = () => ({ current: 'k1', keys: { k1: key() } })
  const value = {
    atRest: ring(),
    pepper: ring(),
    ticket: key(),
    identity: ring(),
    signing: ring(),
    saltKey: key(),
  }
  return `${JSON.stringify(value, null, 2)}\n`
}

/**
 * Writes a new key file (0600, its folder 0700). False: there is one, and it stays. It appears whole or not at all,
 * whatever ends the process or the room on the disk meanwhile. Throws StartError.
 */
export const createServerKeyFile = (file: string, random: Random): boolean => {
  if (existsSync(file)) return false
  const draft = `${file}.${random.bytes(4).toString('hex')}`
  try {
    mkdirSync(dirname(file), { recursive: true, mode: 0o700 })
    writeFileSync(draft, generateServerKey(random), { mode: 0o600, flag: 'wx', flush: true })
    linkSync(draft, file)
    return true
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException
    if (code === 'EEXIST') return false
    throw new StartError(`${keyFileSetting}: no key can be made there: ${message}`)
  } finally {
    rmSync(draft, { force: true })
  }
}

export type RingName = 'atRest' | 'pepper' | 'identity' | 'rsa' | 'signing'

type FileRing = { current: string; keys: Record<string, string> }
type KeyFile = Record<string, unknown> & Partial<Record<RingName, FileRing>>

/** What may be done to the rings of a key file; ids are k1, k2 and so on. Throws StartError for what may not. */
export const ringChanges = {
  /** A new key that all processes can read, and none uses yet. */
  add: (ring: FileRing | undefined, key: string): { ring: FileRing; id: string } => {
    const newest = newestOf(ring)
    if (ring && newest !== ring.current) throw new StartError(`${newest} waits to be used: finish that first`)
    const id = `k${Number(newest.slice(1)) + 1}`
    return { ring: { current: ring?.current ?? id, keys: { ...ring?.keys, [id]: key } }, id }
  },
  /** The newest key is used from now on. */
  finish: (ring: FileRing | undefined): { ring: FileRing; id: string } => {
    const id = newestOf(ring)
    if (!ring || id === ring.current) throw new StartError('there is no newer key: rotate first')
    return { ring: { ...ring, current: id }, id }
  },
  /** Forgets a key that is not used any more. */
  retire: (ring: FileRing | undefined, id: string): { ring: FileRing; id: string } => {
    if (!ring?.keys[id]) throw new StartError(`there is no key ${id}`)
    if (id === ring.current) throw new StartError(`${id} is in use`)
    const { [id]: _, ...keys } = ring.keys
    return { ring: { ...ring, keys }, id }
  },
} as const

const newestNumber = (ring: { keys: Record<string, unknown> } | undefined): number =>
  Math.max(0, ...Object.keys(ring?.keys ?? {}).map((id) => Number(/^k(\d+)$/.exec(id)?.[1] ?? 0)))

const newestOf = (ring: FileRing | undefined): string => `k${newestNumber(ring)}`

/** The number of the newest key of each ring; 0 where there is none. */
export const newestKeys = ({
  atRest,
  pepper,
  identity,
  rsa,
  signing,
}: ServerKey): Record<RingName, number> => ({
  atRest: newestNumber(atRest),
  pepper: newestNumber(pepper),
  identity: newestNumber(identity),
  rsa: newestNumber(rsa),
  signing: newestNumber(signing),
})

/** A key as a ring of the file has it. */
export const generateRingKey = (name: RingName, random: Random): string =>
  name === 'rsa'
    ? generateKeyPairSync('rsa', {
        modulusLength: 3_072,
        publicKeyEncoding: { type: 'spki', format: 'der' },
        privateKeyEncoding: { type: 'pkcs8', format: 'der' },
      }).privateKey.toString('base64')
    : random.bytes(32).toString('base64')

/** Changes one ring of a key file, which is replaced as a whole. Returns the id that it was about. */
export const changeKeyFile = (
  file: string,
  name: RingName,
  random: Random,
  change: (ring: FileRing | undefined) => { ring: FileRing; id: string },
): string => {
  const value = JSON.parse(readFileSync(file, 'utf8')) as KeyFile
  const { identity } = value as { identity?: unknown }
  if (typeof identity === 'string') value.identity = { current: 'k1', keys: { k1: identity } }
  if (name === 'signing' && value.signing === undefined) {
    const { signing } = parseServerKey(JSON.stringify(value))
    value.signing = { current: 'k1', keys: { k1: listRing(signing)[0]?.toString('base64') ?? '' } }
  }
  const { ring, id } = change(value[name])
  const text = `${JSON.stringify({ ...value, [name]: ring }, null, 2)}\n`
  parseServerKey(text)
  const draft = `${file}.${random.bytes(4).toString('hex')}`
  writeFileSync(draft, text, { mode: 0o600, flag: 'wx', flush: true })
  renameSync(draft, file)
  return id
}

const keyFileSetting = 'security.keyFile (TORII__SECURITY__KEY_FILE)'
const keyFileFaults: Record<string, string> = {
  ENOENT: 'there is no key; make one with "torii key create", and keep a copy elsewhere',
  EISDIR: 'this is a folder; expected the key file',
  EACCES: 'this user may not read it',
}

/** The server key of a configuration; `create` makes a key file where there is none. Throws StartError. */
export const openServerKey = (
  { serverKey, keyFile }: { serverKey: string; keyFile: string },
  { create, random }: { create: boolean; random: Random },
): ServerKey => {
  if (serverKey) {
    return parseNamed(serverKey, 'security.serverKey (TORII__SECURITY__SERVER_KEY)')
  }
  if (create) createServerKeyFile(keyFile, random)
  return parseNamed(readKeyText(keyFile), `${keyFileSetting}: ${keyFile}`)
}

const readKeyText = (keyFile: string): string => {
  try {
    return readFileSync(keyFile, 'utf8')
  } catch (error) {
    const { code = '', message } = error as NodeJS.ErrnoException
    throw new StartError(`${keyFileSetting}: ${keyFile}: ${keyFileFaults[code] ?? message}`)
  }
}

/** Says which setting or file the key is from. */
const parseNamed = (text: string, source: string): ServerKey => {
  try {
    return parseServerKey(text)
  } catch (error) {
    throw new StartError(`${source}: ${(error as Error).message}`)
  }
}
