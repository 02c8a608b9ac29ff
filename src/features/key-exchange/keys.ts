/** Shared keys while they live: found, proven, used up, and what is sealed under them. */
import type { Clock } from '../../adapters/clock.ts'
import type { Random } from '../../adapters/random.ts'
import type { Store } from '../../adapters/store/index.ts'
import type { AppCaller, CallerApp, CallerKey } from '../../http/caller.ts'
import { fromBase64, utf8 } from '../../protocol/bytes.ts'
import { Failure, type Language } from '../../protocol/errors.ts'
import { readDecimal } from '../../protocol/frame.ts'
import type { KeyPrimitives } from '../../protocol/primitives.ts'
import { checkProof, isFingerprint, isWeakSuite, readKeyPrint, readTm } from '../../protocol/proofs.ts'
import {
  freshMs,
  openMessage,
  type SealedKeys,
  sealMessage,
  windowJump,
  windowWidth,
} from '../../protocol/sealed-envelope.ts'
import { type Held, type HelloFacts, type KeyRecord, ledgerOf, type Records } from './records.ts'

export type KeysNeeds = {
  store: Store
  clock: Clock
  random: Random
  primitives: KeyPrimitives
  records: Records
  findApp(appId: string): Promise<CallerApp | undefined>
  chooseLanguage(language: string | undefined): Language | undefined
}

/** The three members that prove a key; they come together. */
export type ProofMembers = { keyPrint?: unknown; tm?: unknown; checkTokenData?: unknown }

/** A key that its caller has proven to hold. */
export type ProvenKey = CallerKey & {
  /** A login from before was made on another key: fingerprints of 64 bits may come again, those of version 2 do not. */
  loginsSinceMs: number
}

const dayMs = 24 * 3_600_000
export const keyLives = { wholeMs: 30 * dayMs, idleMs: 7 * dayMs, unusedMs: dayMs } as const
const clockMs = 300_000
/** How far the clocks of processes may be apart. */
const clocksApartMs = 3_600_000
const mostProofs = 4_096
/** What another process wrote of a key is seen after this at the latest; whether it lives is asked every time. */
const cacheMs = 5_000
const maxCached = 20_000
/** What a key is given beyond its idle time, so that it need not be prolonged with each use. */
const spareMs = 3_600_000
const mostTries = 3

const keyUnknown = (cause: string) => new Failure('KX_KEY_PRINT', { cause: new Error(cause) })

type Cached = Held<KeyRecord> & { cachedAt: number; sealed: SealedKeys | undefined }

const readSealedKeys = (fingerprint: string, record: KeyRecord): SealedKeys | undefined =>
  record.version === 2
    ? {
        suite: record.suite,
        fingerprint,
        clientKey: fromBase64(record.clientKey) ?? new Uint8Array(),
        serverKey: fromBase64(record.serverKey) ?? new Uint8Array(),
      }
    : undefined

export const createKeys = (needs: KeysNeeds) => {
  const { store, clock, random, primitives, records } = needs
  const cache = new Map<string, Cached>()
  let hits = 0
  let misses = 0

  const find = async (fingerprint: string): Promise<Cached | undefined> => {
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

  const end = async (fingerprint: string) => {
    cache.delete(fingerprint)
    await records.remove(fingerprint)
  }

  const proven = (fingerprint: string, { record }: Cached): ProvenKey => ({
    fingerprint,
    isWeak: record.version === 1 && isWeakSuite(record.suite),
    countryCode: record.hello.countryCode ?? '',
    endsAt: record.endsAt,
    loginsSinceMs: record.version === 1 ? record.createdAt - clocksApartMs : 0,
  })

  const lifeOf = (endsAt: number) => Math.max(1, Math.min(keyLives.idleMs + spareMs, endsAt - clock.now()))

  /** A key that was logged in on lives for as long as it is used; one that never was keeps its day. */
  const prolongUsed = async (fingerprint: string, { createdAt, endsAt }: KeyRecord, lifeMs: number) => {
    const now = clock.now()
    const isUsed = now + lifeMs > createdAt + keyLives.unusedMs + clockMs
    // The store's clock may be behind ours.
    const neededMs = Math.min(keyLives.idleMs, endsAt - now - clockMs)
    if (isUsed && lifeMs < neededMs) await records.extend(fingerprint, lifeOf(endsAt))
  }

  /** What is left at least: none lives beyond its first day but those that were logged in on. */
  const leftOf = ({ isBound, createdAt, endsAt }: KeyRecord) => {
    const unusedMs = createdAt + keyLives.unusedMs - clock.now()
    return isBound || unusedMs <= 0 ? lifeOf(endsAt) : unusedMs
  }

  /** Whoever sees a proof can make another with its IV, so it is used up before anything else is judged. */
  const consume = async (fingerprint: string, record: KeyRecord, marks: string[]) => {
    const { outcome, lifeMs } = await store.consume(ledgerOf(fingerprint), marks, mostProofs * marks.length)
    if (outcome === 'seen') throw new Failure('KX_CHECK_DATA')
    if (outcome === 'full') await end(fingerprint)
    if (outcome !== 'consumed') throw keyUnknown(`ledger ${outcome}`)
    await prolongUsed(fingerprint, record, lifeMs)
  }

  const checkClock = (tm: string, offsetMs: number) => {
    const now = clock.now()
    const ahead = (readTm(tm)?.ms ?? 0) - now
    if (Math.abs(ahead) <= clockMs || Math.abs(ahead - offsetMs) <= clockMs) return
    throw new Failure('CLOCK_OFF', { members: { tm: String(now) } })
  }

  /** In this order: form and text, then its ledger, then the clock. One refusal for whatever is wrong with it. */
  const judge = async (fingerprint: string, tm: string, proof: string, appId: string): Promise<ProvenKey> => {
    const found = await find(fingerprint)
    if (!found || found.record.appId !== appId) throw keyUnknown('no such key')
    const { record } = found
    if (record.version !== 1) throw keyUnknown('not of version 1')
    const bytes = fromBase64(proof)
    const key = fromBase64(record.key) ?? new Uint8Array()
    const marks = bytes && checkProof(primitives, record.suite, key, bytes, tm)
    if (!marks) throw keyUnknown('not a proof of its tm')
    await consume(fingerprint, record, marks)
    checkClock(tm, record.offsetMs)
    return proven(fingerprint, found)
  }

  return {
    /**
     * The key that a call names and proves; undefined if it names none and shows no proof. A sealed call has proven
     * its own.
     * Throws KX_KEY_PRINT, KX_CHECK_DATA, CLOCK_OFF, KX_CONTENT, ENCRYPTION_REQUIRED.
     */
    prove: async (members: ProofMembers, caller: AppCaller): Promise<ProvenKey | undefined> => {
      const fingerprint = readKeyPrint(members.keyPrint)
      if (fingerprint === undefined) throw new Failure('KX_CONTENT', { info: 'keyPrint' })
      if (caller.key) {
        if (fingerprint !== '0' && fingerprint !== caller.key.fingerprint)
          throw keyUnknown('sealed under another key')
        const found = await find(caller.key.fingerprint)
        if (!found) throw keyUnknown('ended meanwhile')
        return proven(caller.key.fingerprint, found)
      }
      if (fingerprint === '0') {
        // Whoever shows a proof means a login on its key, and believes that it is used up.
        if ((members.checkTokenData ?? '') !== '') throw keyUnknown('a proof of no key')
        return undefined
      }
      if (isFingerprint(fingerprint)) {
        throw new Failure('ENCRYPTION_REQUIRED', { info: 'This key proves itself by the sealed envelope.' })
      }
      const tm = readDecimal(members.tm)
      const { checkTokenData } = members
      if (tm === undefined || typeof checkTokenData !== 'string') {
        throw keyUnknown('no proof')
      }
      return judge(fingerprint, tm, checkTokenData, caller.app.appId)
    },
    /**
     * After a login on the key, or a trade that has bound one to it: from now on it lives for as long as it is used,
     * and no exchange pushes it out.
     */
    prolong: async ({ fingerprint, endsAt }: CallerKey): Promise<void> => {
      await records.extend(fingerprint, lifeOf(endsAt))
      for (let tries = 0; tries < mostTries; tries++) {
        const held = await find(fingerprint)
        if (!held || held.record.isBound) return
        cache.delete(fingerprint)
        if (await records.replace(fingerprint, held, { ...held.record, isBound: true }, lifeOf(endsAt)))
          return
      }
    },
    /** Remembers what the device said of itself; another process may see it some seconds later. */
    note: async (fingerprint: string, said: HelloFacts): Promise<void> => {
      const held = await find(fingerprint)
      if (!held) return
      const facts = { ...held.record.hello, ...said }
      if (JSON.stringify(held.record.hello) === JSON.stringify(facts)) return
      cache.delete(fingerprint)
      const record = { ...held.record, hello: facts }
      // Who loses this race has said hello at the same moment as somebody else.
      await records.replace(fingerprint, held, record, leftOf(record))
    },
    /** Opens what is sealed under a key of version 2; undefined for whatever is not. */
    openSealed: async (fingerprint: string, j: string, path: string) => {
      const found = await find(fingerprint)
      if (!found?.sealed) return undefined
      const { record, sealed } = found
      const opened = openMessage(primitives, sealed, 'client', { j, path })
      const app = opened && (await needs.findApp(record.appId))
      if (!opened || !app) return undefined
      const { header, plaintext, tag } = opened
      return {
        app,
        key: proven(fingerprint, found),
        device: {
          ...{ id: fingerprint, knownAs: record.deviceId ?? fingerprint },
          ...{ deviceType: '', os: '', name: '', countryCode: record.hello.countryCode ?? '' },
        },
        language: needs.chooseLanguage(record.hello.language),
        plaintext,
        requestId: header.requestId,
        isFresh: Math.abs(header.timestampMs - clock.now()) <= freshMs,
        claimSequence: async () => {
          const slid = await store.slide(ledgerOf(fingerprint), header.sequence, windowWidth, windowJump)
          if (slid.outcome === 'fresh') await prolongUsed(fingerprint, record, slid.lifeMs)
          return slid.outcome === 'fresh'
        },
        seal: (text: string | Uint8Array) =>
          sealMessage(primitives, sealed, 'server', {
            header: { ...header, timestampMs: clock.now() },
            path,
            plaintext: typeof text === 'string' ? utf8(text) : text,
            nonce: random.bytes(12),
            requestTag: tag,
          }).j,
      }
    },
    cacheFacts: () => ({ size: cache.size, hits, misses }),
  }
}

export type Keys = ReturnType<typeof createKeys>
