/** The store's records of SKeys, and the gates that end them. Every key of one account shares its hash tag. */
import type { CreateBatch } from '../../adapters/batch.ts'
import type { Store } from '../../adapters/store/index.ts'
import { concatBytes, toHex } from '../../protocol/bytes.ts'
import type { Primitives } from '../../protocol/primitives.ts'
import { strengths } from '../../protocol/strength.ts'

export type SKeyRecord = {
  userId: number
  userName: string
  nickName: string
  appId: string
  epoch: number
  counter: number
  issuedAt: number
  expiresAt: number
  writtenUntil: number
  minStrength: number
}

/** Why a ticket ended, in the words of the wire. */
export type EndReason = 'expired' | 'logged-out' | 'disabled' | 'deleted' | 'reused' | 'password-changed'

type LoginGate = EndReason | typeof sealedGate
type AccountGate = { epoch: number; reason: EndReason }

export type SKeyState =
  | { state: 'unknown' }
  | { state: 'ended'; reason: EndReason; record: SKeyRecord }
  | { state: 'live'; record: SKeyRecord; isFirstUse: boolean }

export type SKeysNeeds = {
  store: Store
  primitives: Primitives
  createBatch: CreateBatch
  lifeMs: number
  idleMs: number
}

const tagBytes = 8
const clocksApartMs = 3_600_000
const mostUnset = 50_000
/** SKeys that a login may get by resuming; beyond it the oldest ends. */
const mostResumed = 8
/** A gate that ends nothing: SKeys from before a sealed exchange are good in sealed calls only. */
const sealedGate = 'sealed'

/** The ends of logins and accounts find room in a store that is full. */
export const gateKeys = ['login:', 'account:']

/** A login's id begins with the tag of its account. */
const keysOf = (loginId: Uint8Array) => {
  const tag = `{${toHex(loginId.subarray(0, tagBytes))}}`
  return {
    loginGate: `login:${tag}:${toHex(loginId.subarray(tagBytes))}`,
    accountGate: `account:${tag}`,
    resumed: `ring:${tag}:${toHex(loginId.subarray(tagBytes))}`,
    tag,
  }
}

export const createSKeys = ({ store, primitives, createBatch, lifeMs, idleMs }: SKeysNeeds) => {
  // A gate outlives every SKey that it shuts out, also one of a process whose clock was ahead. So does the ring of resumed SKeys.
  const gateMs = lifeMs + clocksApartMs
  // With the whole login id: a ticket under another login's id would meet the wrong gate.
  const recordKey = (loginId: Uint8Array, secret: Uint8Array) =>
    `skey:${keysOf(loginId).tag}:${toHex(primitives.sha256(concatBytes(loginId, secret)))}`
  /** An end replaces any gate; a raised minimum strength never replaces an end. */
  const writeLoginGate = async (loginId: Uint8Array, gate: LoginGate) => {
    const { loginGate } = keysOf(loginId)
    if (gate === sealedGate) await store.claim(loginGate, gate, gateMs)
    else await store.set(loginGate, gate, gateMs)
  }
  // Gates of logins that could not be set because the store was away: no check of an SKey reads the login's row.
  const unset = createBatch<{ loginId: Uint8Array; gate: LoginGate }>({
    most: mostUnset,
    write: async (entries) => {
      await Promise.all(entries.map(([, { loginId, gate }]) => writeLoginGate(loginId, gate)))
    },
  })
  const setLoginGate = async (loginId: Uint8Array, gate: LoginGate) => {
    try {
      await writeLoginGate(loginId, gate)
    } catch (error) {
      // Both kinds side by side: in whichever order they are written, the end stays.
      unset.gather(`${toHex(loginId)} ${gate === sealedGate ? 'minStrength' : 'end'}`, () => ({
        loginId,
        gate,
      }))
      throw error
    }
  }

  const issue = async (loginId: Uint8Array, secret: Uint8Array, record: SKeyRecord, nowMs: number) => {
    const ttlMs = Math.max(1, record.expiresAt - nowMs)
    await store.setTouched(recordKey(loginId, secret), JSON.stringify(record), ttlMs)
  }

  return {
    /** Puts a new SKey into the store; one that was used already stays, with its marks. */
    issue,
    /**
     * One more SKey of a login. Hand its secret out only if this succeeds: an SKey that is not in the ring would never be
     * pushed out. The one pushed out is removed, also when the new one could not be stored.
     */
    issueResumed: async (
      loginId: Uint8Array,
      secret: Uint8Array,
      record: SKeyRecord,
      nowMs: number,
    ): Promise<void> => {
      const enterRing = async () => {
        const { resumed } = keysOf(loginId)
        const oldest = await store.pushBounded(resumed, recordKey(loginId, secret), mostResumed, gateMs)
        if (oldest !== undefined) await store.remove([oldest])
      }
      await Promise.all([issue(loginId, secret, record, nowMs), enterRing()])
    },
    /** One trip; counts as a use, unless it is `only a look`. */
    use: async (loginId: Uint8Array, secret: Uint8Array, mode?: 'only a look'): Promise<SKeyState> => {
      const { loginGate, accountGate } = keysOf(loginId)
      // With no idle time allowed the store marks nothing.
      const markedWithinMs = mode === undefined ? idleMs : 0
      const touched = await store.touch(recordKey(loginId, secret), markedWithinMs, [loginGate, accountGate])
      if (touched.value === undefined) return { state: 'unknown' }
      const record = JSON.parse(touched.value) as SKeyRecord
      const [gate, account] = touched.gates as [LoginGate | undefined, string | undefined]
      if (gate === sealedGate) record.minStrength = strengths.sealed
      else if (gate !== undefined) return { state: 'ended', reason: gate, record }
      if (account !== undefined) {
        const { epoch, reason } = JSON.parse(account) as AccountGate
        if (record.epoch < epoch) return { state: 'ended', reason, record }
      }
      if (touched.sinceUseMs >= idleMs) return { state: 'ended', reason: 'expired', record }
      return { state: 'live', record, isFirstUse: !touched.used }
    },
    /** Whether it was ever presented; does not count as a use. */
    wasUsed: async (loginId: Uint8Array, secret: Uint8Array): Promise<boolean> =>
      (await store.touch(recordKey(loginId, secret), 0, [])).used,
    /** Ends every SKey of a login, also future ones. If it fails, `flush` does it later. */
    closeLogin: (loginId: Uint8Array, reason: EndReason): Promise<void> => setLoginGate(loginId, reason),
    /** From now on every SKey of a login, also a future one, needs sealed calls. An ended login stays ended. `flush` as above. */
    raiseMinStrength: (loginId: Uint8Array): Promise<void> => setLoginGate(loginId, sealedGate),
    flush: unset.flush,
    /** Ends every SKey of an account that was issued under an older epoch. */
    closeAccount: async (tag: Uint8Array, epoch: number, reason: EndReason): Promise<void> => {
      const key = keysOf(tag).accountGate
      const gate = JSON.stringify({ epoch, reason })
      for (;;) {
        const found = await store.get(key)
        // A gate only ever rises, whichever process is late.
        if (found !== undefined && (JSON.parse(found) as AccountGate).epoch >= epoch) return
        if (await store.compareAndSet(key, found, gate, gateMs)) return
      }
    },
  }
}

export type SKeys = ReturnType<typeof createSKeys>
