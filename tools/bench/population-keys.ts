/** Keys that clients have exchanged and logged in on, before anything is measured: made by Torii's own client. */
import { createJsonTransport } from '../../src/client/call.ts'
import { createClock } from '../../src/client/clock.ts'
import { createProofExchange, createSealedExchange, proveTm } from '../../src/client/exchanges.ts'
import { createKeys } from '../../src/client/keys.ts'
import { readPinnedKeys } from '../../src/client/pinned-keys.ts'
import { createPost } from '../../src/client/post.ts'
import { createSealedTransport } from '../../src/client/sealed-transport.ts'
import { createMemoryStorage } from '../../src/client/storage.ts'
import { toBase64 } from '../../src/protocol/bytes.ts'
import type { ProofKey, SealingKey } from './sources-keys.ts'
import type { App } from './torii.ts'

export type Login = { login: string; clientHash: string }

const timeoutMs = 15_000
const suite = 'aesGcm'

export const createKeyMaker = (url: string, { appId, appSecret }: App) => {
  const post = createPost({ findBase: async () => url, fetch, timeoutMs, language: undefined })
  const clock = createClock(Date.now)
  const pinnedKeys = readPinnedKeys(undefined)
  const send = createJsonTransport({ post, appId, appSecret })
  const exchangeProof = createProofExchange({ send, clock })
  const exchangeSealed = createSealedExchange({ send, clock, appId, pinnedKeys })
  return {
    /** A key of version 1 with a login on it. */
    makeProofKey: async (login: Login): Promise<ProofKey> => {
      const key = await exchangeProof('aesCtr')
      const tm = String(clock.now())
      const { fingerprint: keyPrint } = key
      await send('/v1/login', { ...login, keyPrint, tm, checkTokenData: await proveTm(key, tm) })
      return { keyPrint, key: toBase64(key.key) }
    },
    /** A key of version 2 and the SKey of a login that was made under it. */
    makeSealingKey: async (login: Login): Promise<SealingKey & { skey: string }> => {
      const keys = createKeys({
        storage: createMemoryStorage(),
        key: 'key',
        lock: (work) => work(),
        pinnedKeys,
        exchangeSealed,
        exchangeProof,
      })
      await keys.exchange({ version: 2, suite }, { isAnySuite: false, renew: false })
      const { tickets } = await createSealedTransport({ post, keys, clock })('/v1/login', login)
      const { fingerprint, clientKey, serverKey } = (await keys.take()).keys
      return {
        fingerprint,
        clientKey: toBase64(clientKey),
        serverKey: toBase64(serverKey),
        skey: tickets.skey ?? '',
      }
    },
  }
}
