/** The four stages of the key exchange: 1 and 3 come from the client, 2 and 4 are the replies. */
import type { Address, AppCaller } from '../../http/caller.ts'
import { fromBase64, isEqual, toBase64, utf8 } from '../../protocol/bytes.ts'
import { Failure } from '../../protocol/errors.ts'
import { composeFrame, type Frame, type FrameReply, readFrame } from '../../protocol/frame.ts'
import type { JsonObject } from '../../protocol/json.ts'
import { checkProof, readKeyPrint, readTm } from '../../protocol/proofs.ts'
import { type BeginNeeds, createBegin } from './begin.ts'
import { keyLives } from './keys.ts'
import type { Held, KeyRecord, PendingExchange, Records } from './records.ts'
import { contentWrong, readText, readVersion } from './stage-members.ts'
import type { KeyExMessage } from './wire.ts'

export type ExchangeNeeds = BeginNeeds & {
  records: Records
  /** From now on a provisioned device is refused in weaker envelopes than the sealed one. */
  raiseMinStrength(deviceId: string): Promise<void>
}

type KeyExReply = FrameReply<'keyEx', KeyExMessage>

const times = { pendingMs: 60_000, repeatMs: 60_000 } as const
const mostOpen = 8
/** Keys on which no user has logged in: of an address or /64, of a /24 or /48, and in all. */
const mostUnbound = { network: 64, site: 512, all: 50_000 } as const
const mostTries = { begin: 3, finish: 2 } as const

/** Bounds what one network can keep in the store: of each kind only so many, and the oldest gives way. */
const createRings = ({ store, records }: Pick<ExchangeNeeds, 'store' | 'records'>) => ({
  enterOpen: async (fingerprint: string, network: string) => {
    const oldest = await store.pushBounded(`exchanges:${network}`, fingerprint, mostOpen, times.pendingMs)
    const held = oldest === undefined ? undefined : await records.find(oldest)
    if (oldest !== undefined && held?.record.state === 'pending') {
      await records.cancel(oldest, held as Held<PendingExchange>)
    }
  },
  /** Finished keys on which no user has logged in. */
  enterUnbound: async (fingerprint: string, { limitNetwork, site }: Address) => {
    const rings = [
      { key: `unbound:{keys}:${limitNetwork}`, most: mostUnbound.network },
      { key: `unbound:{keys}:${site}`, most: mostUnbound.site },
      { key: 'unbound:{keys}', most: mostUnbound.all },
    ]
    const fallen = await store.pushEach(rings, fingerprint, keyLives.unusedMs)
    await Promise.all([...new Set(fallen)].map(records.removeUnbound))
  },
})

export const createKeyExchange = (needs: ExchangeNeeds) => {
  const { clock, primitives, records } = needs
  const { prepare, publicKeys } = createBegin(needs)
  const rings = createRings(needs)

  const answerFirst = async (frame: Frame, caller: AppCaller): Promise<KeyExReply> => {
    const tm = String(clock.now())
    const begin = await prepare(frame.message, caller, tm)
    for (let tries = 0; tries < mostTries.begin; tries++) {
      const { fingerprint, record, reply } = begin()
      if (fingerprint === '0') continue
      const [isReserved] = await Promise.all([
        records.reserve(fingerprint, record, times.pendingMs),
        rings.enterOpen(fingerprint, caller.address.limitNetwork),
      ])
      if (!isReserved) continue
      return composeFrame(frame, 'keyEx', tm, { stage: 2, keyPrint: fingerprint, ...reply, status: 'ready' })
    }
    throw new Failure('KX_KEY_CONFLICT')
  }

  const composeFourth = async (
    frame: Frame,
    { envelope, device }: AppCaller,
    fingerprint: string,
    record: PendingExchange | KeyRecord,
  ) => {
    const isSecond = record.version === 2
    if (isSecond && envelope === 'totp' && device) await needs.raiseMinStrength(device.id)
    const more = isSecond ? { kx: 2, tempKey: record.proof4 } : {}
    const message = { stage: 4, keyPrint: fingerprint, ...more, status: 'needlogin' }
    return composeFrame(frame, 'keyEx', String(clock.now()), message)
  }

  /** What the key's ledger begins with. Throws unless the client has shown that it holds the key. */
  const checkThird = ({ record }: Held<PendingExchange>, frame: Frame): string[] => {
    const proof = fromBase64(readText(frame.message.tempKey, 'tempKey')) ?? new Uint8Array()
    if (record.version === 2) {
      if (!isEqual(proof, fromBase64(record.proof3) ?? new Uint8Array())) throw new Failure('KX_TEMP_KEY')
      return record.marks
    }
    const key = fromBase64(record.key) ?? new Uint8Array()
    const marks = checkProof(primitives, record.suite, key, proof, frame.tm)
    if (!marks) throw new Failure('KX_TEMP_KEY')
    // Stage 2 sent back, or another proof made from it.
    if (marks.some((mark) => record.marks.includes(mark))) throw new Failure('KX_CHECK_DATA')
    return [...record.marks, ...marks]
  }

  const toKey = (record: PendingExchange, frame: Frame, hash: string, { device }: AppCaller): KeyRecord => {
    const { proof3: _, marks: __, ...rest } = record
    const now = clock.now()
    const key: KeyRecord = {
      ...rest,
      state: 'live',
      createdAt: now,
      endsAt: now + keyLives.wholeMs,
      offsetMs: (readTm(frame.tm)?.ms ?? now) - now,
      stage3: { hash, until: now + times.repeatMs },
      hello: {},
    }
    if (record.version === 2 && device) key.deviceId = device.knownAs
    return key
  }

  const answerThird = async (frame: Frame, caller: AppCaller): Promise<KeyExReply> => {
    const { message } = frame
    const fingerprint = readKeyPrint(message.keyPrint)
    if (fingerprint === undefined) throw contentWrong('keyPrint')
    const text = `${frame.tm}\0${readText(message.tempKey, 'tempKey')}`
    const hash = toBase64(primitives.sha256(utf8(text)))
    // A call that loses the race against the same stage 3 finds its key on the second try.
    for (let tries = 0; tries < mostTries.finish; tries++) {
      const held = await records.find(fingerprint)
      const record = held?.record
      const isMine = record?.appId === caller.app.appId && record.version === readVersion(message)
      if (!held || !record || !isMine) throw new Failure('KX_KEY_PRINT')
      if (record.state === 'live') {
        const isRepeat = record.stage3.hash === hash && clock.now() <= record.stage3.until
        if (!isRepeat) throw new Failure('KX_KEY_PRINT')
        return composeFourth(frame, caller, fingerprint, record)
      }
      const pending = { record, text: held.text }
      const marks = checkThird(pending, frame)
      const key = toKey(record, frame, hash, caller)
      if (await records.complete(fingerprint, pending, key, marks, keyLives.unusedMs)) {
        await rings.enterUnbound(fingerprint, caller.address)
        return composeFourth(frame, caller, fingerprint, key)
      }
    }
    throw new Failure('KX_KEY_PRINT')
  }

  return {
    exchange: async function exchangeKeys(input: JsonObject, caller: AppCaller): Promise<KeyExReply> {
      const frame = readFrame(input, 'keyEx')
      if (frame.message.stage === 1) return answerFirst(frame, caller)
      if (frame.message.stage === 3) return answerThird(frame, caller)
      throw new Failure('KX_STAGE')
    },
    publicKeys,
  }
}
