/** The login providers as a server of this configuration has them. */
import { systemClock } from '../../src/adapters/clock.ts'
import { createOutgoingFetch } from '../../src/adapters/fetch.ts'
import type { Providers } from '../../src/adapters/providers/driver.ts'
import { openProviders } from '../../src/adapters/providers/open.ts'
import { type Config, isTrial } from '../../src/config/index.ts'

export const openConfigured = (config: Config): Providers =>
  openProviders({
    rows: config.providers,
    fetch: createOutgoingFetch({ config: config.outgoing, isTrial: isTrial(config) }),
    clock: systemClock,
  })
