/** The gates of consents: a revoked one ends the OpenKeys that were made under it, in the step that reads them. */
import type { Store } from '../../adapters/store/index.ts'
import { toHex } from '../../protocol/bytes.ts'

/** OpenKeys that an account gave an app under an older epoch of its consent have ended. */
export type ConsentGate = { tag: Uint8Array; appId: string; epoch: number }

/** The ends of consents find room in a store that is full. */
export const consentGateKey = 'consent:'

/** Shares the hash tag of the account, as its OpenKeys do. */
export const consentGateOf = (tag: Uint8Array, appId: string): string =>
  `${consentGateKey}{${toHex(tag)}}:${appId}`

/** An OpenKey's life, and what clocks may be apart: a gate outlives every OpenKey that it shuts out. */
const gateMs = 3 * 3_600_000

/** Ends every OpenKey of this app and account that was made under an older epoch. */
export const createCloseConsent =
  (store: Store) =>
  async ({ tag, appId, epoch }: ConsentGate): Promise<void> => {
    const key = consentGateOf(tag, appId)
    for (;;) {
      const found = await store.get(key)
      // A gate only ever rises, whichever process is late.
      if (found !== undefined && Number(found) >= epoch) return
      if (await store.compareAndSet(key, found, String(epoch), gateMs)) return
    }
  }

export type CloseConsent = ReturnType<typeof createCloseConsent>
