/** What an administrator can do: the same features as in a running server, on the database alone. */
import { loadSimplified } from './adapters/chinese.ts'
import { type Clock, systemClock } from './adapters/clock.ts'
import { nodeCrypto } from './adapters/crypto.ts'
import type { Db } from './adapters/db/index.ts'
import { toAsciiDomain } from './adapters/domains.ts'
import { openLookAlikes } from './adapters/look-alikes.ts'
import { networkOf } from './adapters/network.ts'
import { loadPhones } from './adapters/phone-numbers.ts'
import { type Random, systemRandom } from './adapters/random.ts'
import { createTextListAdapters } from './adapters/text-lists/open.ts'
import type { Config } from './config/index.ts'
import { openAdmin } from './features/index.ts'

export type AdminOptions = {
  config: Config
  db: Db
  clock?: Clock
  random?: Random
  /** The person who acts, for the audit events. */
  actor?: string
  /** The server key's, where it can be read. */
  findSaltKey?: () => Promise<Uint8Array | undefined>
}

export const createAdmin = ({
  config,
  db,
  clock = systemClock,
  random = systemRandom,
  actor,
  findSaltKey = async () => undefined,
}: AdminOptions) =>
  openAdmin({
    config,
    db,
    actor,
    clock,
    random,
    crypto: nodeCrypto,
    networkOf,
    textLists: createTextListAdapters({ config, clock }),
    unmask: openLookAlikes(),
    loadSimplified,
    toAsciiDomain,
    loadPhones,
    findSaltKey,
    // An administrator adds no addresses.
    refusedDomains: new Set(),
  })
