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
import { freshMs, openMessage, sealMessage, windowJump, windowWidth } from '../../protocol/sealed-envelope.ts'
import { createKeyCache, type LiveKey } from './key-cache.ts'
import { type HelloFacts, type KeyRecord, ledgerOf, type Records } from './records.ts'

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

const hourMs = 3_600_000
const dayMs = 24 * hourMs
export const keyLives = { wholeMs: 30 * dayMs, idleMs: 7 * dayMs, unusedMs: hourMs } as const
const clockMs = 300_000
/** How far the clocks of processes may be apart. */
const clocksApartMs = 3_600_000
const mostProofs = 4_096
/** What a key is given beyond its idle time, so that it need not be prolonged with each use. */
const spareMs = 3_600_000
const mostTries = 3

const keyUnknown = (cause: string) => new Failure('KX_KEY_PRINT', { cause: new Error(cause) })

const proven = (fingerprint: string, { record }: LiveKey): ProvenKey => ({
  fingerprint,
  isWeak: record.version === 1 && isWeakSuite(record.suite),
  countryCode: record.hello.countryCode ?? '',
  endsAt: record.endsAt,
  loginsSinceMs: record.version === 1 ? record.createdAt - clocksApartMs : 0,
})

/** How long keys live in the store. */
const createKeyLife = ({ clock, records }: KeysNeeds) => {
  const lifeOf = (endsAt: number) => Math.max(1, Math.min(keyLives.idleMs + spareMs, endsAt - clock.now()))
  return {
    lifeOf,
    /** A key with a login lives as long as it is used; one without keeps its first hour. */
    prolongUsed: async (fingerprint: string, { createdAt, endsAt }: KeyRecord, lifeMs: number) => {
      const now = clock.now()
      const isUsed = now + lifeMs > createdAt + keyLives.unusedMs + clockMs
      // The store's clock may be behind ours.
      const neededMs = Math.min(keyLives.idleMs, endsAt - now - clockMs)
      if (isUsed && lifeMs < neededMs) await records.extend(fingerprint, lifeOf(endsAt))
    },
    /** What is left at least: a key without a login never lives beyond its first hour. */
    leftOf: ({ isBound, createdAt, endsAt }: KeyRecord) => {
      const unusedMs = createdAt + keyLives.unusedMs - clock.now()
      return isBound || unusedMs <= 0 ? lifeOf(endsAt) : unusedMs
    },
  }
}

export const createKeys = (needs: KeysNeeds) => {
  const { store, clock, random, primitives, records } = needs
  const cache = createKeyCache(needs)
  const { lifeOf, prolongUsed, leftOf } = createKeyLife(needs)

  /** Calls on it are refused in every process, since each asks the store. */
  const end = async (fingerprint: string): Promise<void> => {
    cache.forget(fingerprint)
    await records.remove(fingerprint)
  }

  /** A proof that was seen can be made into another one with its IV, so it is used up before anything else is judged. */
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

  /** In this order: form and text, then its ledger, then the clock. One refusal for every fault of a proof. */
  const consumeProof = async (
    fingerprint: string,
    { tm, proof, appId }: { tm: string; proof: string; appId: string },
  ): Promise<ProvenKey> => {
    const found = await cache.find(fingerprint)
    if (found?.record.appId !== appId) throw keyUnknown('no such key')
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

  const proveSealed = async (fingerprint: string, { fingerprint: own }: CallerKey): Promise<ProvenKey> => {
    if (fingerprint !== '0' && fingerprint !== own) throw keyUnknown('sealed under another key')
    const found = await cache.find(own)
    if (!found) throw keyUnknown('ended meanwhile')
    return proven(own, found)
  }

  /**
   * The key that a call names and proves; undefined if it names none and shows no proof. A sealed call has proven its
   * own. Throws KX_KEY_PRINT, KX_CHECK_DATA, CLOCK_OFF, KX_CONTENT, ENCRYPTION_REQUIRED.
   */
  const prove = async (members: ProofMembers, caller: AppCaller): Promise<ProvenKey | undefined> => {
    const { checkTokenData } = members
    const fingerprint = readKeyPrint(members.keyPrint)
    if (fingerprint === undefined) throw new Failure('KX_CONTENT', { info: 'keyPrint' })
    if (caller.key) return proveSealed(fingerprint, caller.key)
    if (fingerprint === '0') {
      // A client that shows a proof expects a login on its key, and counts the proof as used up.
      if ((checkTokenData ?? '') !== '') throw keyUnknown('a proof of no key')
      return undefined
    }
    if (isFingerprint(fingerprint)) {
      throw new Failure('ENCRYPTION_REQUIRED', { info: 'This key proves itself by the sealed envelope.' })
    }
    const tm = readDecimal(members.tm)
    if (tm === undefined || typeof checkTokenData !== 'string') throw keyUnknown('no proof')
    return consumeProof(fingerprint, { tm, proof: checkTokenData, appId: caller.app.appId })
  }

  /**
   * After a login on the key, or an exchange that has bound one to it: from now on it lives as long as it is used, and
   * no exchange pushes it out.
   */
  const prolong = async ({ fingerprint, endsAt }: CallerKey): Promise<void> => {
    await records.extend(fingerprint, lifeOf(endsAt))
    for (let tries = 0; tries < mostTries; tries++) {
      const held = await cache.find(fingerprint)
      if (!held || held.record.isBound) return
      cache.forget(fingerprint)
      if (await records.replace(fingerprint, held, { ...held.record, isBound: true }, lifeOf(endsAt))) return
    }
  }

  /** Remembers what the device said of itself; another process may see it some seconds later. */
  const note = async (fingerprint: string, said: HelloFacts): Promise<void> => {
    const held = await cache.find(fingerprint)
    if (!held) return
    const facts = { ...held.record.hello, ...said }
    if (JSON.stringify(held.record.hello) === JSON.stringify(facts)) return
    cache.forget(fingerprint)
    const record = { ...held.record, hello: facts }
    // Of two hellos at the same moment one is remembered.
    await records.replace(fingerprint, held, record, leftOf(record))
  }

  /** Opens what is sealed under a key of version 2; undefined for anything else. */
  const openSealed = async (fingerprint: string, j: string, path: string) => {
    const found = await cache.find(fingerprint)
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
        id: fingerprint,
        knownAs: record.deviceId ?? fingerprint,
        deviceType: '',
        os: '',
        name: '',
        countryCode: record.hello.countryCode ?? '',
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
  }

  return { prove, prolong, note, end, openSealed, cacheFacts: cache.facts }
}

export type Keys = ReturnType<typeof createKeys>
