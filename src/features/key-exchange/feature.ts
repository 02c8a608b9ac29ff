/** The key exchange, and the shared keys that come of it. */
import type { CallerApp } from '../../http/caller.ts'
import { feature, operation, type World } from '../feature.ts'
import { createKeyExchange } from './exchange.ts'
import { createKeys } from './keys.ts'
import { createRecords } from './records.ts'
import { keyExchangeShape, serverKeysShape } from './wire.ts'

export type KeyExchangeNeeds = {
  findApp(appId: string): Promise<CallerApp | undefined>
  /** From now on a provisioned device is refused in weaker envelopes than the sealed one. */
  raiseMinStrength(deviceId: string): Promise<void>
}

export const keyExchange = feature({
  create: (world: World, { findApp, raiseMinStrength }: KeyExchangeNeeds) => {
    const { store, clock, random, sealer, config, chooseLanguage, keyPrimitives: primitives } = world
    const records = createRecords({ store, sealer })
    const keys = createKeys({ store, clock, random, primitives, records, findApp, chooseLanguage })
    const { exchange, publicKeys } = createKeyExchange({
      store,
      clock,
      random,
      primitives,
      records,
      identities: world.identities,
      unwrapKeys: world.unwrapKeys,
      allows: {
        version1: config.security.profile !== 'strict',
        weakSuites: config.security.weakSuites,
      },
      raiseMinStrength,
    })
    return {
      api: keys,
      operations: [
        operation(keyExchangeShape)(async (input, caller) => ({
          code: 'OK',
          ...(await exchange(input, caller)),
        })),
        operation(serverKeysShape)(async () => ({ code: 'OK', ...publicKeys() })),
      ],
      caches: [{ cache: 'keys', facts: keys.cacheFacts }],
    }
  },
})
