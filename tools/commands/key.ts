/** `torii key`: the server key, without which a database is of no use. */
import { existsSync, readFileSync } from 'node:fs'
import { type Command, InvalidArgumentError } from 'commander'
import type { RingName } from '../../src/adapters/server-key.ts'
import { type Context, describe, isEmbeddedDatabase } from '../console/context.ts'
import { Refusal } from '../console/refusal.ts'
import { alignFields, alignRows } from '../console/text.ts'

const rings = {
  'at-rest': 'atRest',
  pepper: 'pepper',
  identity: 'identity',
  rsa: 'rsa',
  signing: 'signing',
} as const
type Ring = keyof typeof rings

/** Rings whose old keys nothing that is kept depends on. */
const retirable: readonly Ring[] = ['identity', 'rsa', 'signing']

const readRing = (text: string): Ring => {
  if (text in rings) return text as Ring
  throw new InvalidArgumentError(`one of ${Object.keys(rings).join(', ')}`)
}

const findKeyFile = async ({ readConfig }: Context): Promise<string> => {
  const { security } = await readConfig()
  const { keyFile, serverKey } = security
  if (serverKey) {
    throw new Refusal('security.serverKey is set and goes before the key file: unset it, or keep that key')
  }
  return keyFile
}

const eventKinds = { add: 'key.added', finish: 'key.used', retire: 'key.retired' } as const

/** A key may be made before its database; then there is nothing to record it in. */
const recordChange = async (context: Context, kind: string, detail: Record<string, string>) => {
  const config = await context.readConfig()
  if (isEmbeddedDatabase(config) && !existsSync(config.database.file)) return []
  return context.recordEvent(kind, detail)
}

const create = async (context: Context) => {
  const keyFile = await findKeyFile(context)
  const { systemRandom } = await import('../../src/adapters/random.ts')
  const { createServerKeyFile, parseServerKey } = await import('../../src/adapters/server-key.ts')
  if (!createServerKeyFile(keyFile, systemRandom)) {
    throw new Refusal(`${keyFile} is there already and stays: no other key opens its database`)
  }
  const { fingerprint } = parseServerKey(readFileSync(keyFile, 'utf8'))
  const remarks = await recordChange(context, 'key.created', { fingerprint })
  context.print({ keyFile, fingerprint }, [
    ...alignFields({ 'key file': keyFile, fingerprint }),
    'Keep a copy in another place: without this key no account of its database can log in again.',
    'Every server process needs the same key. A database that was made with another key refuses this one.',
    ...remarks,
  ])
}

const list = async ({ readConfig, print }: Context) => {
  const { systemRandom: random } = await import('../../src/adapters/random.ts')
  const { openServerKey } = await import('../../src/adapters/server-key.ts')
  const { openIdentityKey, openUnwrapKey, nodeKeyPrimitives } = await import(
    '../../src/adapters/key-crypto.ts'
  )
  const { publicJwksOf } = await import('../../src/adapters/jwt.ts')
  const { serverKeyIdOf } = await import('../../src/protocol/key-exchange.ts')
  const { keyPrintOf } = await import('../../src/protocol/proofs.ts')
  const { sha256 } = nodeKeyPrimitives
  const key = openServerKey((await readConfig()).security, { create: false, random })
  /** What may be known of a key: an app ships the public keys. */
  const publicOf = (ring: Ring, bytes: Buffer): { name: string; publicKey: string } => {
    if (ring === 'identity') {
      const { publicKey } = openIdentityKey(bytes)
      return { name: serverKeyIdOf(nodeKeyPrimitives, publicKey), publicKey: publicKey.toString('base64') }
    }
    if (ring === 'signing') {
      return {
        name: publicJwksOf(bytes)
          .map(({ kid }) => kid)
          .join(' '),
        publicKey: '',
      }
    }
    if (ring !== 'rsa') return { name: '', publicKey: '' }
    const { spki } = openUnwrapKey(bytes)
    return { name: keyPrintOf(sha256(spki)), publicKey: spki.toString('base64') }
  }
  const found = (Object.keys(rings) as Ring[]).flatMap((ring) => {
    const { current, keys } = key[rings[ring]] ?? { current: '', keys: {} }
    return Object.entries(keys).map(([id, bytes]) => ({
      ring,
      id,
      isCurrent: id === current,
      ...publicOf(ring, bytes),
    }))
  })
  print({ fingerprint: key.fingerprint, keys: found }, [
    ...alignFields({ fingerprint: key.fingerprint }),
    '',
    ...alignRows([
      ['ring', 'id', 'in use', 'name', 'public key'],
      ...found.map(({ ring, id, isCurrent, name, publicKey }) => [
        ...[ring, id, isCurrent ? 'yes' : 'no', name || '-', publicKey || '-'],
      ]),
    ]),
  ])
}

/** Runs one change of a ring; what may not be is said, and the file stays. */
const changeRing = async (
  context: Context,
  ring: Ring,
  change: 'add' | 'finish' | 'retire',
  id: string,
  next: string,
) => {
  const keyFile = await findKeyFile(context)
  const { systemRandom } = await import('../../src/adapters/random.ts')
  const { changeKeyFile, generateRingKey, ringChanges } = await import('../../src/adapters/server-key.ts')
  const name: RingName = rings[ring]
  const value = change === 'add' ? generateRingKey(name, systemRandom) : id
  const changed = changeKeyFile(keyFile, name, systemRandom, (before) => ringChanges[change](before, value))
  const remarks = await recordChange(context, eventKinds[change], { ring, key: changed })
  context.print({ keyFile, ring, id: changed }, [
    ...alignFields({ 'key file': keyFile, ring, key: changed }),
    next,
    ...remarks,
  ])
}

const nextSteps = {
  add:
    'Give the file to every server process and restart them, one after another; then run the same with --finish. ' +
    'Keep a copy of the file.',
  finish:
    'Give the file to every server process and restart them, one after another. Keep a copy of the file.',
  retire:
    'Give the file to every server process and restart them. Clients that hold only this key are refused.',
} as const

const rotate = (context: Context, ring: Ring, { finish = false }: { finish?: boolean }) => {
  const change = finish ? 'finish' : 'add'
  return changeRing(context, ring, change, '', nextSteps[change])
}

const retire = (context: Context, ring: Ring, id: string) => {
  if (!retirable.includes(ring)) {
    throw new Refusal(`keys of ${ring} stay: what is kept under them could not be read any more`)
  }
  return changeRing(context, ring, 'retire', id, nextSteps.retire)
}

export const register = (program: Command, context: Context) => {
  const key = describe(program.command('key'), 'The server key', 'torii key create', 'torii key list')
  const ring = ['<ring>', 'at-rest, pepper, identity, rsa or signing', readRing] as const
  describe(key.command('create'), 'Writes a new server key, unless there is one', 'torii key create')
    .description(
      'Writes a new server key to security.keyFile (0600, its folder 0700). One that is there stays.',
    )
    .action(() => create(context))
  describe(key.command('list'), 'Lists the keys by their ids, with the public ones', 'torii key list').action(
    () => list(context),
  )
  describe(
    key.command('rotate'),
    'Adds a key to a ring; --finish begins to use it',
    'torii key rotate identity',
    'torii key rotate identity --finish',
  )
    .argument(...ring)
    .option(
      '--finish',
      'the newest key is used from now on; the others still open and sign for who holds them',
    )
    .action((name: Ring, options: { finish?: boolean }) => rotate(context, name, options))
  describe(
    key.command('retire'),
    'Forgets a key of identity, rsa or signing that is not in use',
    'torii key retire identity k1',
  )
    .argument(...ring)
    .argument('<id>', 'as torii key list shows it')
    .action((name: Ring, id: string) => retire(context, name, id))
}
