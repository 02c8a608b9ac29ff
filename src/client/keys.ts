/** The shared key of this client: kept in the storage, numbered message by message, replaced when the server lost it. */
import { fromBase64, toBase64 } from '../protocol/bytes.ts'
import { type ProofSuite, proofSuites } from '../protocol/proofs.ts'
import { mostSequence, type SealedKeys, type SealedSuite, sealedSuites } from '../protocol/sealed-envelope.ts'
import { ClientFailure } from './failure.ts'
import type { Lock } from './lock.ts'
import type { Pins } from './pins.ts'
import type { ProofKey } from './proof-exchange.ts'
import type { SealedKey } from './sealed-exchange.ts'
import { type ClientStorage, readRecord } from './storage.ts'

/** The key that takes the place of one that ended is never of a weaker version, nor of another suite. */
export type KeyKind = { version: 1; suite: ProofSuite } | { version: 2; suite: SealedSuite }
type Kept = (SealedKey & { sequence: number }) | ProofKey | (KeyKind & { fingerprint: '' })

export type KeysNeeds = {
  storage: ClientStorage
  key: string
  lock: Lock
  pins: Pins
  exchangeSealed(suite: SealedSuite): Promise<SealedKey>
  exchangeProof(suite: ProofSuite): Promise<ProofKey>
}

/** Half of what a key may seal. */
const usedUp = Math.floor(mostSequence / 2)

const readBytes = (value: unknown) => (typeof value === 'string' ? fromBase64(value) : undefined)

const readKept = (record: Record<string, unknown>, pins: Pins): Kept | undefined => {
  const { version, suite = '', fingerprint = '', signer, sequence } = record
  const name = String(suite)
  if (version === 1 && Object.hasOwn(proofSuites, name)) {
    const kind = { version, suite: name as ProofSuite } as const
    const key = readBytes(record.key)
    return key && typeof fingerprint === 'string' && fingerprint
      ? { ...kind, fingerprint, key }
      : { ...kind, fingerprint: '' }
  }
  if (version !== 2 || !Object.hasOwn(sealedSuites, name)) return undefined
  const kind = { version, suite: name as SealedSuite } as const
  const [clientKey, serverKey] = [readBytes(record.clientKey), readBytes(record.serverKey)]
  const signedBy = typeof signer === 'string' ? signer : undefined
  const isWhole =
    typeof fingerprint === 'string' && /^[0-9a-f]{32}$/.test(fingerprint) && Number.isSafeInteger(sequence)
  if (!isWhole || clientKey?.length !== 32 || serverKey?.length !== 32 || !pins.accepts(signedBy)) {
    return { ...kind, fingerprint: '' }
  }
  const keys = { suite: kind.suite, fingerprint, clientKey, serverKey }
  return { ...kind, fingerprint, keys, signer: signedBy, sequence: Number(sequence) }
}

const isSealed = (kept: Kept): kept is SealedKey & { sequence: number } =>
  kept.version === 2 && kept.fingerprint !== ''

const writeKept = (kept: Kept): string => {
  const { version, suite, fingerprint } = kept
  if ('key' in kept) return JSON.stringify({ version, suite, fingerprint, key: toBase64(kept.key) })
  if (!isSealed(kept)) return JSON.stringify({ version, suite })
  const { keys, signer, sequence } = kept
  const [clientKey, serverKey] = [toBase64(keys.clientKey), toBase64(keys.serverKey)]
  return JSON.stringify({ version, suite, fingerprint, clientKey, serverKey, signer, sequence })
}

export const createKeys = ({ storage, key, lock, pins, exchangeSealed, exchangeProof }: KeysNeeds) => {
  const read = async (): Promise<Kept | undefined> => {
    const record = await readRecord(storage, key)
    return record && readKept(record, pins)
  }

  const write = async <Some extends Kept>(kept: Some): Promise<Some> => {
    await storage.set(key, writeKept(kept))
    return kept
  }

  const exchange = async (kind: KeyKind) =>
    kind.version === 1
      ? write(await exchangeProof(kind.suite))
      : write({ ...(await exchangeSealed(kind.suite)), sequence: 0 })

  /** The kept key; another one if it was lost or is used up. */
  const findWhole = async () => {
    const kept = await read()
    if (!kept) return undefined
    if ('key' in kept) return kept
    return isSealed(kept) && kept.sequence < usedUp ? kept : exchange(kept)
  }

  const find = (): Promise<ProofKey | SealedKey | undefined> => lock(findWhole)

  return {
    /** From the first exchange of version 2 on, also while its key is lost. */
    isSealing: async () => (await read())?.version === 2,
    /** The fingerprint that logins are bound to by every sealed call. */
    findSealedFingerprint: async () => {
      const kept = await read()
      return kept?.version === 2 ? kept.fingerprint : undefined
    },
    find,
    /** The key of version 2, and a sequence number that nobody else gets. */
    take: (): Promise<{ keys: SealedKeys; sequence: number }> =>
      lock(async () => {
        const kept = await findWhole()
        if (kept?.version !== 2) throw new ClientFailure('ENCRYPTION_REQUIRED')
        const { keys, sequence } = await write({ ...kept, sequence: kept.sequence + 1 })
        return { keys, sequence }
      }),
    /** A new key, or the kept one if it is of that kind; any suite will do where none is named. */
    exchange: (
      wanted: KeyKind,
      { isAnySuite, renew }: { isAnySuite: boolean; renew: boolean },
    ): Promise<ProofKey | SealedKey> =>
      lock(async () => {
        const kept = await read()
        // What has been sealed stays sealed.
        if (kept && kept.version > wanted.version) throw new ClientFailure('ENCRYPTION_REQUIRED')
        const isSame = kept?.version === wanted.version && (isAnySuite || kept.suite === wanted.suite)
        if (!renew && isSame) return (await findWhole()) ?? exchange(wanted)
        return exchange(wanted)
      }),
    /**
     * The server doesn't know the key `fingerprint`, or somebody on the way says so: another takes its place, unless one has
     * already. The old one stays until the new one is there.
     */
    replace: (fingerprint: string): Promise<void> =>
      lock(async () => {
        const kept = await read()
        await (kept && fingerprint !== '' && kept.fingerprint === fingerprint ? exchange(kept) : findWhole())
      }),
  }
}

export type Keys = ReturnType<typeof createKeys>
