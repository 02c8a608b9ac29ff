/** The shared key of this client: kept in the storage, numbered message by message, replaced when the server lost it. */
import { fromBase64, toBase64 } from '../protocol/bytes.ts'
import { type ProofSuite, proofSuites } from '../protocol/proofs.ts'
import { mostSequence, type SealedKeys, type SealedSuite, sealedSuites } from '../protocol/sealed-envelope.ts'
import type { ProofKey, SealedKey } from './exchanges.ts'
import { ClientFailure, isFailure } from './failure.ts'
import type { PinnedKeys } from './pinned-keys.ts'
import { type ClientStorage, type Lock, readRecord } from './storage.ts'

/** A key that replaces another has the same version and suite: never a weaker one. */
export type KeyKind = { version: 1; suite: ProofSuite } | { version: 2; suite: SealedSuite }
type WholeKey = ProofKey | (SealedKey & { sequence: number })
/** With an empty fingerprint the key is lost, and its kind alone is known. */
type Kept = WholeKey | (KeyKind & { fingerprint: '' })

export type KeysNeeds = {
  storage: ClientStorage
  key: string
  lock: Lock
  pinnedKeys: PinnedKeys
  exchangeSealed(suite: SealedSuite): Promise<SealedKey>
  exchangeProof(suite: ProofSuite): Promise<ProofKey>
}

/** The longest pause before each further try of an exchange. The pauses are random, so that many clients spread out. */
const pausesMs = [2_000, 4_000]
/** Half of what a key may seal. */
const maxSequence = Math.floor(mostSequence / 2)

const readBytes = (value: unknown) => (typeof value === 'string' ? fromBase64(value) : undefined)
const isProofSuite = (name: unknown): name is ProofSuite =>
  typeof name === 'string' && Object.hasOwn(proofSuites, name)
const isSealedSuite = (name: unknown): name is SealedSuite =>
  typeof name === 'string' && Object.hasOwn(sealedSuites, name)

type KeyRecord = Record<string, unknown>

const readProofKey = ({ suite, fingerprint, key: text }: KeyRecord): Kept | undefined => {
  if (!isProofSuite(suite)) return undefined
  const key = readBytes(text)
  if (!key || typeof fingerprint !== 'string' || fingerprint === '') {
    return { version: 1, suite, fingerprint: '' }
  }
  return { version: 1, suite, fingerprint, key }
}

const readSealedKey = (record: KeyRecord, pinnedKeys: PinnedKeys): Kept | undefined => {
  const { suite, fingerprint, sequence } = record
  if (!isSealedSuite(suite)) return undefined
  const [clientKey, serverKey] = [readBytes(record.clientKey), readBytes(record.serverKey)]
  const signer = typeof record.signer === 'string' ? record.signer : undefined
  const isWhole =
    typeof fingerprint === 'string' && /^[0-9a-f]{32}$/.test(fingerprint) && Number.isSafeInteger(sequence)
  if (!isWhole || clientKey?.length !== 32 || serverKey?.length !== 32 || !pinnedKeys.accepts(signer)) {
    return { version: 2, suite, fingerprint: '' }
  }
  const keys = { suite, fingerprint, clientKey, serverKey }
  return { version: 2, suite, fingerprint, keys, signer, sequence: Number(sequence) }
}

const writeKept = (kept: WholeKey): string => {
  const { version, suite, fingerprint } = kept
  if (kept.version === 1) return JSON.stringify({ version, suite, fingerprint, key: toBase64(kept.key) })
  const { keys, signer, sequence } = kept
  const [clientKey, serverKey] = [toBase64(keys.clientKey), toBase64(keys.serverKey)]
  return JSON.stringify({ version, suite, fingerprint, clientKey, serverKey, signer, sequence })
}

const isWholeKey = (kept: Kept): kept is WholeKey => kept.fingerprint !== ''

export const createKeys = (needs: KeysNeeds) => {
  const { storage, key, lock, pinnedKeys, exchangeSealed, exchangeProof } = needs

  const read = async (): Promise<Kept | undefined> => {
    const record = await readRecord(storage, key)
    if (record?.version === 1) return readProofKey(record)
    return record?.version === 2 ? readSealedKey(record, pinnedKeys) : undefined
  }

  const write = async <Some extends WholeKey>(kept: Some): Promise<Some> => {
    await storage.set(key, writeKept(kept))
    return kept
  }

  const exchangeOnce = async (kind: KeyKind): Promise<WholeKey> =>
    kind.version === 1
      ? write(await exchangeProof(kind.suite))
      : write({ ...(await exchangeSealed(kind.suite)), sequence: 0 })

  /** Begins again, after a while, when other clients behind this address have pushed out the pending exchange. */
  const exchange = async (kind: KeyKind, pauses: readonly number[] = pausesMs): Promise<WholeKey> => {
    const [pauseMs, ...later] = pauses
    try {
      return await exchangeOnce(kind)
    } catch (error) {
      if (pauseMs === undefined || !isFailure(error, 'KX_KEY_PRINT', 'KX_KEY_CONFLICT')) throw error
      await new Promise((resolve) => setTimeout(resolve, pauseMs * Math.random()))
      return exchange(kind, later)
    }
  }

  const isUsable = (kept: Kept): kept is WholeKey =>
    isWholeKey(kept) && (kept.version === 1 || kept.sequence < maxSequence)

  /** The kept key; another one if it was lost or has sealed enough. */
  const findWhole = async (): Promise<WholeKey | undefined> => {
    const kept = await read()
    if (!kept) return undefined
    return isUsable(kept) ? kept : exchange(kept)
  }

  const takeSequence = async (): Promise<{ keys: SealedKeys; sequence: number }> => {
    const kept = await findWhole()
    if (kept?.version !== 2) throw new ClientFailure('ENCRYPTION_REQUIRED')
    const { keys, sequence } = await write({ ...kept, sequence: kept.sequence + 1 })
    return { keys, sequence }
  }

  return {
    /** True from the first exchange of version 2 on, also while the key is lost. */
    isSealing: async () => (await read())?.version === 2,
    /** The fingerprint of the key to which every sealed call binds its login. */
    findSealedFingerprint: async () => {
      const kept = await read()
      return kept?.version === 2 ? kept.fingerprint : undefined
    },
    find: (): Promise<ProofKey | SealedKey | undefined> => lock(findWhole),
    /** The key of version 2, and a sequence number that no other call gets. */
    take: () => lock(takeSequence),
    /** A new key, or the kept one if it is of that kind; any suite will do where the caller named none. */
    exchange: (
      wanted: KeyKind,
      { isAnySuite, renew }: { isAnySuite: boolean; renew: boolean },
    ): Promise<ProofKey | SealedKey> =>
      lock(async () => {
        const kept = await read()
        // A client that seals its calls never goes back to a weaker version.
        if (kept && kept.version > wanted.version) throw new ClientFailure('ENCRYPTION_REQUIRED')
        const isSame = kept?.version === wanted.version && (isAnySuite || kept.suite === wanted.suite)
        if (!renew && isSame) return (await findWhole()) ?? exchange(wanted)
        return exchange(wanted)
      }),
    /**
     * Replaces the key `fingerprint`, which the server (or a forged refusal) said it doesn't know, unless that was done
     * already. The old key is kept until the new one is there.
     */
    replace: (fingerprint: string): Promise<void> =>
      lock(async () => {
        const kept = await read()
        await (kept && fingerprint !== '' && kept.fingerprint === fingerprint ? exchange(kept) : findWhole())
      }),
  }
}

export type Keys = ReturnType<typeof createKeys>
