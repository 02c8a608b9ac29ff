/** The store's records of tickets, and the gates that end them. Every key of one account shares its hash tag. */
import type { CreateBatch } from '../../adapters/batch.ts'
import type { Store } from '../../adapters/store/index.ts'
import { concatBytes, toHex } from '../../protocol/bytes.ts'
import type { Primitives } from '../../protocol/primitives.ts'
import { strengths } from '../../protocol/strength.ts'
import { consentGateOf, isConsentOver } from './consent-gates.ts'
import { type StoreTier, tierRows } from './tiers.ts'

/** A ticket of the store. Members that may be missing are so in records from before there were any. */
export type TicketRecord = {
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
  /** Of the login when this ticket was made: a later proof gets a ticket of its own. */
  authenticatedAt?: number
  business?: string
  scopes?: readonly string[]
  openId?: string
  /** Of an OpenKey: ended when the consent that it was made under is revoked. */
  consentEpoch?: number
  /** An idle time of its own, instead of that of SKeys. */
  idleMs?: number
}

/** Why a ticket ended, in the words of the wire. */
export type EndReason =
  | 'expired'
  | 'logged-out'
  | 'replaced'
  | 'disabled'
  | 'leaving'
  | 'deleted'
  | 'reused'
  | 'password-changed'
  | 'revoked'

type LoginGate = EndReason | typeof sealedGate
/** Of a disabled account: why, and until when in unix seconds; absent without an end. */
export type Told = { why?: string; until?: number }
type AccountGate = { epoch: number; reason: EndReason } & Told

export type TicketUse =
  | { state: 'unknown' }
  | { state: 'ended'; reason: EndReason; told?: Told | undefined; record: TicketRecord }
  | { state: 'live'; record: TicketRecord; isFirstUse: boolean; sinceUseMs: number }

export type SKeysNeeds = {
  store: Store
  primitives: Primitives
  createBatch: CreateBatch
  lifeMs: number
  idleMs: number
}

/** What a ticket of the store is found by. */
export type PresentedTicket = { tier: StoreTier; loginId: Uint8Array; secret: Uint8Array }

/** What shares a bound: tickets of a tier, and SKeys that pages took over apart, so that they push out no other. */
export type Ring = StoreTier | 'jump'

const tagBytes = 8
const clocksApartMs = 3_600_000
const mostUnset = 50_000
/** A gate that ends nothing: SKeys from before a sealed exchange are good in sealed calls only. */
const sealedGate = 'sealed'

/** The ends of logins and accounts find room in a store that is full. */
export const gateKeys = ['login:', 'account:']

/** A login's id begins with the tag of its account. */
const keysOf = (loginId: Uint8Array) => {
  const tag = `{${toHex(loginId.subarray(0, tagBytes))}}`
  const rest = toHex(loginId.subarray(tagBytes))
  return {
    loginGate: `login:${tag}:${rest}`,
    accountGate: `account:${tag}`,
    // That of SKeys is older than the other tiers.
    ringOf: (ring: Ring) => (ring === 'skey' ? `ring:${tag}:${rest}` : `ring:${tag}:${rest}:${ring}`),
    tag,
  }
}

export const createSKeys = ({ store, primitives, createBatch, lifeMs, idleMs }: SKeysNeeds) => {
  // A gate outlives every ticket that it shuts out, also one of a process whose clock was ahead. So does a ring.
  const gateMs = lifeMs + clocksApartMs
  // With the whole login id: a ticket under another login's id would meet the wrong gate.
  const recordKey = ({ tier, loginId, secret }: PresentedTicket) =>
    `${tier}:${keysOf(loginId).tag}:${toHex(primitives.sha256(concatBytes(loginId, secret)))}`
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

  const lifeOf = ({ expiresAt }: TicketRecord, nowMs: number) => Math.max(1, expiresAt - nowMs)

  return {
    /** Puts a new ticket into the store; one that was used already stays, with its marks. */
    issue: (ticket: PresentedTicket, record: TicketRecord, nowMs: number): Promise<void> =>
      store.setTouched(recordKey(ticket), JSON.stringify(record), lifeOf(record, nowMs), record.idleMs),
    /** One more ticket of a login; the oldest of a full ring ends. Hand its secret out only if this succeeds. */
    issueBounded: (
      ticket: PresentedTicket,
      record: TicketRecord,
      nowMs: number,
      ring: Ring = ticket.tier,
    ): Promise<void> => {
      const { tier, loginId } = ticket
      return store.setInRing({
        key: recordKey(ticket),
        value: JSON.stringify(record),
        ttlMs: lifeOf(record, nowMs),
        ownIdleMs: record.idleMs,
        ring: { key: keysOf(loginId).ringOf(ring), most: tierRows[tier].most, ttlMs: gateMs },
      })
    },
    /** One trip; counts as a use, unless it is `only a look`. */
    use: async (ticket: PresentedTicket, mode?: 'only a look'): Promise<TicketUse> => {
      const { loginGate, accountGate } = keysOf(ticket.loginId)
      const mostIdleMs = ticket.tier === 'skey' ? idleMs : lifeMs
      // With no idle time allowed the store marks nothing.
      const markedWithinMs = mode === undefined ? mostIdleMs : 0
      const consentGate =
        ticket.tier === 'openkey' ? [consentGateOf(ticket.loginId.subarray(0, tagBytes))] : []
      const gates = [loginGate, accountGate, ...consentGate]
      const touched = await store.touch(recordKey(ticket), markedWithinMs, gates)
      if (touched.value === undefined) return { state: 'unknown' }
      const record = JSON.parse(touched.value) as TicketRecord
      const [gate, account, consent] = touched.gates as [LoginGate | undefined, string?, string?]
      if (gate === sealedGate) record.minStrength = strengths.sealed
      else if (gate !== undefined) return { state: 'ended', reason: gate, record }
      if (account !== undefined) {
        const { epoch, reason, ...told } = JSON.parse(account) as AccountGate
        if (record.epoch < epoch) return { state: 'ended', reason, told, record }
      }
      if (isConsentOver(consent, record)) return { state: 'ended', reason: 'revoked', record }
      if (touched.sinceUseMs >= (record.idleMs ?? mostIdleMs))
        return { state: 'ended', reason: 'expired', record }
      return { state: 'live', record, isFirstUse: !touched.used, sinceUseMs: touched.sinceUseMs }
    },
    /** Whether it was ever presented; does not count as a use. */
    wasUsed: async (ticket: PresentedTicket): Promise<boolean> =>
      (await store.touch(recordKey(ticket), 0, [])).used,
    /** Ends every ticket of a login, also future ones. If it fails, `flush` does it later. */
    closeLogin: (loginId: Uint8Array, reason: EndReason): Promise<void> => setLoginGate(loginId, reason),
    /** From now on every ticket of a login, also a future one, needs sealed calls. An ended login stays ended. `flush` as above. */
    raiseMinStrength: (loginId: Uint8Array): Promise<void> => setLoginGate(loginId, sealedGate),
    flush: unset.flush,
    /** Ends every ticket of an account that was issued under an older epoch. */
    closeAccount: async (
      tag: Uint8Array,
      { epoch, reason, told }: { epoch: number; reason: EndReason; told?: Told },
    ): Promise<void> => {
      const key = keysOf(tag).accountGate
      const gate = JSON.stringify({ epoch, reason, ...told } satisfies AccountGate)
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
