/** What the store holds of a key: first the pending exchange, then the shared key, under one name. */
import type { Sealer } from '../../adapters/crypto.ts'
import type { Store } from '../../adapters/store/index.ts'
import type { ProofSuite } from '../../protocol/proofs.ts'
import type { SealedSuite } from '../../protocol/sealed-envelope.ts'

/** What a device said of itself when it said hello. */
export type HelloFacts = {
  language?: string
  countryCode?: string
  platform?: string
  clientId?: string
  version?: string
}

/** A key of version 1 has 16 or 32 bytes; `proof4` is what stage 4 shows. */
type Suites =
  | { version: 1; suite: ProofSuite; key: string }
  | { version: 2; suite: SealedSuite; clientKey: string; serverKey: string; proof4: string }

/** Bytes are base64, times milliseconds. */
type Common = Suites & {
  appId: string
  /** The store epoch in which it was made: a store that restarted may have lost a consumed proof. */
  epoch: string
  createdAt: number
}

export type PendingExchange = Common & {
  state: 'pending'
  /** Marks that stage 2 has used up already. */
  marks: string[]
  /** Version 2: what stage 3 has to be. */
  proof3: string
}

export type KeyRecord = Common & {
  state: 'live'
  endsAt: number
  /** How far the client's clock was ahead at stage 3. */
  offsetMs: number
  stage3: { hash: string; until: number }
  /** A user has logged in on it. */
  isBound?: true
  /** Version 2: the device in whose envelope stage 3 came, as its logins carry it. */
  deviceId?: string
  hello: HelloFacts
}

/** A record with the text under which the store has it. */
export type Held<Record> = { record: Record; text: string }

const keyOf = (fingerprint: string) => `key:{${fingerprint}}`
export const ledgerOf = (fingerprint: string) => `ledger:{${fingerprint}}`

export const createRecords = ({ store, sealer }: { store: Store; sealer: Sealer }) => {
  const write = (fingerprint: string, record: PendingExchange | KeyRecord): string =>
    sealer.seal(keyOf(fingerprint), Buffer.from(JSON.stringify(record))).toString('base64')

  /** Also undefined for what was made in another store epoch. */
  const find = async (fingerprint: string): Promise<Held<PendingExchange | KeyRecord> | undefined> => {
    const text = await store.get(keyOf(fingerprint))
    if (text === undefined) return undefined
    const opened = sealer.open(keyOf(fingerprint), Buffer.from(text, 'base64'))
    const record = JSON.parse(opened.toString()) as PendingExchange | KeyRecord
    return record.epoch === store.epoch ? { record, text } : undefined
  }

  return {
    find,
    /** False: the fingerprint is taken, by a key or by another exchange. */
    reserve: async (fingerprint: string, record: PendingExchange, ttlMs: number): Promise<boolean> =>
      (await store.claim(keyOf(fingerprint), write(fingerprint, record), ttlMs)) === undefined,
    /** Turns the pending exchange into the key and begins its ledger. False: another call did so, or it is over. */
    complete: (
      fingerprint: string,
      held: Held<PendingExchange>,
      record: KeyRecord,
      marks: string[],
      ttlMs: number,
    ) =>
      store.beginLedger({
        key: keyOf(fingerprint),
        expected: held.text,
        value: write(fingerprint, record),
        ledger: ledgerOf(fingerprint),
        marks,
        ttlMs,
        // Until a user logs in on it.
        yields: true,
      }),
    replace: (fingerprint: string, held: Held<KeyRecord>, record: KeyRecord, ttlMs: number) =>
      store.compareAndSet(keyOf(fingerprint), held.text, write(fingerprint, record), ttlMs),
    cancel: (fingerprint: string, held: Held<PendingExchange>) =>
      store.compareAndSet(keyOf(fingerprint), held.text, undefined, 1),
    extend: (fingerprint: string, ttlMs: number) =>
      store.extend([keyOf(fingerprint), ledgerOf(fingerprint)], ttlMs),
    remove: (fingerprint: string) => store.remove([keyOf(fingerprint), ledgerOf(fingerprint)]),
    /** Removes a key unless it is bound, checked and removed in one step: either this or a login comes first. */
    removeUnbound: async (fingerprint: string): Promise<void> => {
      // A hello may change the record meanwhile, so this tries again.
      for (let tries = 0; tries < 3; tries++) {
        const held = await find(fingerprint)
        if (held?.record.state !== 'live' || held.record.isBound) return
        if (await store.compareAndSet(keyOf(fingerprint), held.text, undefined, 1)) {
          return store.remove([ledgerOf(fingerprint)])
        }
      }
    },
  }
}

export type Records = ReturnType<typeof createRecords>
