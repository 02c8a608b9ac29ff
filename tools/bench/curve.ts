/**
 * What the curve alone costs, a fresh P-256 key and one derivation, and beside it a whole key exchange without HTTP and
 * with the store in memory: µs, as the server does both.
 */
import { systemClock } from '../../src/adapters/clock.ts'
import { createSealer } from '../../src/adapters/crypto.ts'
import { nodeKeyPrimitives, openIdentityKey } from '../../src/adapters/key-crypto.ts'
import { systemRandom } from '../../src/adapters/random.ts'
import { createMemoryStore } from '../../src/adapters/store/memory.ts'
import { createKeyExchange } from '../../src/features/key-exchange/exchange.ts'
import { createRecords } from '../../src/features/key-exchange/records.ts'
import type { AppCaller } from '../../src/http/caller.ts'
import { toBase64 } from '../../src/protocol/bytes.ts'
import { makeProof } from '../../src/protocol/proofs.ts'
import { readPublicKey, toPem } from '../../src/protocol/public-key.ts'

const rounds = 2_000
const warm = rounds / 4
const random = systemRandom
const store = createMemoryStore({ maxKeys: 1_000_000, clock: systemClock })
const sealer = createSealer({ current: 'k1', keys: { k1: random.bytes(32) } }, random)
const { exchange } = createKeyExchange({
  store,
  clock: systemClock,
  random,
  primitives: nodeKeyPrimitives,
  records: createRecords({ store, sealer }),
  identities: [openIdentityKey(random.bytes(32))],
  unwrapKeys: [],
  allows: { version1: true, weakSuites: true },
  raiseMinStrength: async () => {},
})
const own = nodeKeyPrimitives.createExchangeKey()

/** Milliseconds of the two calls; what the client does between them is not in it. */
const exchangeOnce = async (place: number): Promise<number> => {
  const caller = { app: { appId: 'bench' }, address: { limitNetwork: String(place) } } as AppCaller
  const frame = (keyEx: object) => ({ version: 1, tm: String(Date.now()), msgType: 'keyExchange', keyEx })
  const call = async (input: object) => {
    const startedAt = performance.now()
    const reply = await exchange(input as Parameters<typeof exchange>[0], caller)
    return { ms: performance.now() - startedAt, keyEx: reply.keyEx }
  }
  const second = await call(frame({ stage: 1, pubKey: toPem(own.point), encType: 'AES-CTR' }))
  const x = own.deriveX(readPublicKey(second.keyEx?.pubKey ?? '') ?? new Uint8Array()) ?? new Uint8Array(32)
  const third = frame({ stage: 3, keyPrint: second.keyEx?.keyPrint })
  const tempKey = toBase64(makeProof(nodeKeyPrimitives, 'aesCtr', x, random.bytes(16), third.tm))
  const fourth = await call({ ...third, keyEx: { ...third.keyEx, tempKey } })
  return second.ms + fourth.ms
}

const curveOnce = () => {
  const startedAt = performance.now()
  nodeKeyPrimitives.createExchangeKey().deriveX(own.point)
  return performance.now() - startedAt
}

const sums = { curve: 0, exchange: 0 }
for (let round = -warm; round < rounds; round++) {
  const [curve, whole] = [curveOnce(), await exchangeOnce(round)]
  if (round < 0) continue
  sums.curve += curve
  sums.exchange += whole
}
await store.close()
console.log(
  JSON.stringify({ curveUs: (sums.curve / rounds) * 1_000, exchangeUs: (sums.exchange / rounds) * 1_000 }),
)
