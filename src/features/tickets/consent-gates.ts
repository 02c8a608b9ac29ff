/** The gates of consents: a revoked one ends the OpenKeys that were made under it, in the step that reads them. */
import type { Store } from '../../adapters/store/index.ts'
import { toHex } from '../../protocol/bytes.ts'

/** OpenKeys that an account gave an app under an older epoch of its consent have ended. */
export type ConsentGate = { tag: Uint8Array; appId: string; epoch: number }

/** The ends of consents find room in a store that is full. */
export const consentGateKey = 'consent:'

/**
 * One for all apps of an account: the app of an OpenKey is known only when it was read, in the same step. Shares the hash
 * tag of the account.
 */
export const consentGateOf = (tag: Uint8Array): string => `${consentGateKey}{${toHex(tag)}}`

type Epochs = Readonly<Record<string, number>>

const readEpochs = (gate: string | undefined): Epochs =>
  gate === undefined ? {} : (JSON.parse(gate) as Epochs)

export const isConsentOver = (
  gate: string | undefined,
  { appId, consentEpoch = 0 }: { appId: string; consentEpoch?: number },
): boolean => consentEpoch < (readEpochs(gate)[appId] ?? 0)

/** An OpenKey's life, and what clocks may be apart: a gate outlives every OpenKey that it shuts out. */
const gateMs = 3 * 3_600_000

/** Ends every OpenKey of this app and account that was made under an older epoch. */
export const createCloseConsent =
  (store: Store) =>
  async ({ tag, appId, epoch }: ConsentGate): Promise<void> => {
    const key = consentGateOf(tag)
    for (;;) {
      const found = await store.get(key)
      const epochs = readEpochs(found)
      // It only ever rises, whichever process is late.
      if ((epochs[appId] ?? 0) >= epoch) return
      if (await store.compareAndSet(key, found, JSON.stringify({ ...epochs, [appId]: epoch }), gateMs)) return
    }
  }

export type CloseConsent = ReturnType<typeof createCloseConsent>
