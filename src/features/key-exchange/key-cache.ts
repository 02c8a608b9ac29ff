/** Live keys that this process has read lately. */
import type { Clock } from '../../adapters/clock.ts'
import type { Store } from '../../adapters/store/index.ts'
import { fromBase64 } from '../../protocol/bytes.ts'
import type { SealedKeys } from '../../protocol/sealed-envelope.ts'
import type { Held, KeyRecord, Records } from './records.ts'

/** What another process wrote of a key is seen after this at the latest; each use asks the store if the key lives. */
const cacheMs = 5_000
const maxCached = 20_000

export type LiveKey = Held<KeyRecord> & { cachedAt: number; sealed: SealedKeys | undefined }

const readSealedKeys = (fingerprint: string, record: KeyRecord): SealedKeys | undefined =>
  record.version === 2
    ? {
        suite: record.suite,
        fingerprint,
        clientKey: fromBase64(record.clientKey) ?? new Uint8Array(),
        serverKey: fromBase64(record.serverKey) ?? new Uint8Array(),
      }
    : undefined

export const createKeyCache = ({
  store,
  clock,
  records,
}: {
  store: Store
  clock: Clock
  records: Records
}) => {
  const cache = new Map<string, LiveKey>()
  let hits = 0
  let misses = 0

  const find = async (fingerprint: string): Promise<LiveKey | undefined> => {
    const cached = cache.get(fingerprint)
    const isFresh = cached && clock.elapsed() - cached.cachedAt < cacheMs
    if (isFresh && cached.record.epoch === store.epoch) {
      hits++
      return cached
    }
    misses++
    cache.delete(fingerprint)
    const held = await records.find(fingerprint)
    if (held?.record.state !== 'live') return undefined
    const { record, text } = held
    const found = { record, text, cachedAt: clock.elapsed(), sealed: readSealedKeys(fingerprint, record) }
    const oldest = cache.size >= maxCached && cache.keys().next().value
    if (oldest) cache.delete(oldest)
    cache.set(fingerprint, found)
    return found
  }

  return {
    find,
    forget: (fingerprint: string) => void cache.delete(fingerprint),
    facts: () => ({ size: cache.size, hits, misses }),
  }
}
